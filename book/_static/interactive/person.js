/* One person, the boundary of a linear model, and the radius that it was trained against. */
"use strict";

Interactive.start("person", "One person and the boundary, to move", (figure, numbers) => {
    const {text} = Interactive;
    const {w, b, eps, center, scale, ranges, names, top, colours} = numbers;
    const person = [...numbers.person];
    const [x, y] = names.map((label, k) => ({label, from: ranges[k][0], to: ranges[k][1]}));
    const plane = figure.plane({label: "The plane of the two features", x, y});
    figure.point(plane, {
        label: "the person", at: person, step: [0.5, 1],
        say: ([years, hours]) => `${text(years, 1)} years of education, ${text(hours, 0)} hours a week`,
    });
    figure.legend([
        ["boundary of the standard model", colours.standard, "6 4"],
        ["of the robust model, which denies the shaded side", colours.robust],
    ]);
    const radius = figure.slider({
        label: "trained against ε", values: eps.map((_, k) => k),
        value: eps.indexOf(numbers.start), say: k => text(eps[k]),
    });

    const scaled = values => values.map((value, k) => (value - center[k]) / scale[k]);
    const original = values => values.map((value, k) => value * scale[k] + center[k]);

    /* The logit, the distance in standard deviations, and the nearest point of the boundary. */
    function recourse(k) {
        const at = scaled(person);
        const logit = w[k][0] * at[0] + w[k][1] * at[1] + b[k];
        const size = Math.hypot(...w[k]);
        if (size === 0) return {logit, cost: Infinity};
        const normal = w[k].map(weight => weight / size);
        const foot = at.map((value, j) => value - logit / size * normal[j]);
        return {logit, cost: Math.abs(logit) / size, normal, foot, goal: original(foot)};
    }

    /* Points far along the boundary, and far behind it on the side of those denied. */
    function halfPlane({normal, foot}) {
        const far = (along, behind) => original([
            foot[0] - along * normal[1] - behind * normal[0],
            foot[1] + along * normal[0] - behind * normal[1],
        ]);
        return [far(-100, 0), far(100, 0), far(100, 100), far(-100, 100)];
    }

    function sentence(k, {logit, cost, goal}, standard) {
        const start = `Trained against ${text(eps[k])}, `;
        if (cost === Infinity) {
            const all = logit < 0 ? "denies everybody" : "accepts everybody";
            return `${start}the model has no boundary left: it ${all}.`;
        }
        if (logit >= 0) return `${start}the model accepts this person.`;
        const [years, hours] = goal.map((value, j) => value - person[j]);
        const end = goal[0] > top ? ` (beyond ${top}, where the scale ends)` : "";
        const usual = standard.logit < 0
            ? `the standard model asks ${text(standard.cost)}` : "the standard model says yes at once";
        return `${start}the model denies this person. The nearest yes: ${text(years, 1)} more years of`
            + ` education${end} and ${text(hours, 1)} more hours a week, ${text(cost)} standard`
            + ` deviations in all; ${usual}.`;
    }

    return () => {
        const [found, standard] = [recourse(radius.value), recourse(0)];
        plane.fresh();
        plane.line(halfPlane(standard).slice(0, 2), {stroke: colours.standard, "stroke-dasharray": "6 4"});
        if (found.cost < Infinity) {
            const side = halfPlane(found);
            plane.area(side, {fill: colours.robust, "fill-opacity": 0.12});
            plane.line(side.slice(0, 2), {stroke: colours.robust});
            if (found.logit < 0) plane.arrow(person, found.goal, colours.robust);
        } else {
            plane.area([[x.from, y.from], [x.to, y.from], [x.to, y.to], [x.from, y.to]],
                {fill: colours.robust, "fill-opacity": found.logit < 0 ? 0.12 : 0});
        }
        figure.say(sentence(radius.value, found, standard), {
            eps: eps[radius.value], logit: found.logit, cost: found.cost, goal: found.goal,
        });
    };
});
