/* What the same people pay under the standard and under the robust model, by share denied: the way
   from one model to the other splits into threshold and geometry, in two orders. */
"use strict";

Interactive.start("acceptance", "Threshold or geometry, to choose", (figure, numbers) => {
    const {text, percent} = Interactive;
    const {cases, colours} = numbers;
    const plane = figure.plane({
        label: "Mean cost of the same people by share denied",
        x: {label: "share of training rows denied"},
        y: {label: "mean cost of the same people, sd", from: 0},
    });
    figure.legend([
        ["robust model", "currentColor"], ["standard model", "currentColor", "6 4"],
        ["threshold", colours.threshold], ["geometry", colours.geometry],
    ]);
    const labels = Object.entries(cases).map(([key, {label}]) => [key, label]);
    const chosen = figure.choice({
        label: "data and models", options: Object.fromEntries(labels), changed: offer,
    });
    const order = figure.choice({
        label: "order", options: {robust: "through the robust model", standard: "through the standard model"},
    });
    const radius = figure.slider({
        label: "trained against ε", values: [0], value: 0, say: k => text(now().eps[k]),
    });
    const back = figure.slider({
        label: "threshold given back", values: [0], value: 0, say: part => percent(part),
    });
    offer();

    function now() {
        return cases[chosen.value];
    }

    /* Offer the radii and the positions that the case has. */
    function offer() {
        const {eps, share, standard, robust} = now();
        const last = share[0].length - 1;
        radius.offer(eps.map((_, k) => k), eps.indexOf(numbers.start) < 0 ? eps.length - 1 : eps.indexOf(numbers.start));
        back.offer(share[0].map((_, k) => k / last), 0);
        const shares = share.flat();
        const room = 0.06 * (Math.max(...shares) - Math.min(...shares));
        Object.assign(plane.x, {from: Math.min(...shares) - room, to: Math.max(...shares) + room});
        plane.y.to = 1.1 * Math.max(...standard.flat(), ...robust.flat());
    }

    /* The four costs: of both models, at the standard model's share and at the one chosen. */
    function corners() {
        const {share, standard, robust} = now();
        const [e, last] = [radius.value, share[0].length - 1];
        const t = Math.round(back.value * last);
        return {
            chosen: share[e][t], usual: share[e][last],
            start: standard[e][last], end: robust[e][t],
            equal: robust[e][last], rate: standard[e][t],
        };
    }

    function parts({start, end, equal, rate}) {
        return order.value === "robust"
            ? {threshold: end - equal, geometry: equal - start}
            : {threshold: rate - start, geometry: end - rate};
    }

    function curve(values, style) {
        const {share} = now();
        plane.line(values[radius.value].map((cost, t) => [share[radius.value][t], cost]),
            {stroke: "currentColor", "stroke-width": 1.5, ...style});
    }

    /* Both legs of the way in the order chosen, each bent along the curve that it follows. */
    function legs(at) {
        const {share, standard, robust} = now();
        const [e, t] = [radius.value, Math.round(back.value * (share[0].length - 1))];
        const through = order.value === "robust" ? robust : standard;
        const along = through[e].map((cost, k) => [share[e][k], cost]).slice(t);
        const upright = order.value === "robust" ? at.usual : at.chosen;
        const [low, high] = order.value === "robust" ? [at.start, at.equal] : [at.rate, at.end];
        plane.line(along, {stroke: colours.threshold, "stroke-width": 5, "stroke-opacity": 0.7});
        plane.arrow([upright, low], [upright, high], colours.geometry);
    }

    return () => {
        const at = corners();
        const {threshold, geometry} = parts(at);
        plane.fresh();
        curve(now().robust, {});
        curve(now().standard, {"stroke-dasharray": "6 4"});
        legs(at);
        plane.dot([at.usual, at.start], {fill: "currentColor", r: 6});
        plane.dot([at.chosen, at.end], {fill: "currentColor", r: 6});
        const signed = value => (value < 0 ? "" : "+") + text(value);
        figure.say(
            `${now().label}, ε = ${text(now().eps[radius.value])}: with ${percent(at.chosen, 1)} denied the same`
            + ` people pay ${text(at.end)} standard deviations, under the standard model, which denies`
            + ` ${percent(at.usual, 1)}, ${text(at.start)}. Of the change of ${signed(at.end - at.start)},`
            + ` threshold is ${signed(threshold)} and geometry ${signed(geometry)}.`,
            {...at, threshold, geometry},
        );
    };
});
