/* The navigator: every radius and share denied is an offer; limits and a wish choose one of them. */
"use strict";

Interactive.start("navigator", "The navigator, to move", (figure, numbers) => {
    const {text, percent, steps} = Interactive;
    const {cases, shades, start} = numbers;
    const WISHES = {
        robust: "most adversarial accuracy", accuracy: "most accuracy",
        affordable: "most people with a yes within the budget", cost: "cheapest recourse of the denied",
    };
    const radii = [...new Set(Object.values(cases)[0].eps)];
    const plane = figure.plane({
        label: "The plane of radius and share denied",
        x: {
            label: "trained against ε", from: -0.5, to: radii.length - 0.5,
            marks: radii.map((_, k) => k), name: k => text(radii[k]),
        },
        y: {label: "share denied", from: 0, to: 1},
    });
    figure.legend([
        ["models at their own thresholds", numbers.own], ["offer looked at", "currentColor", "3 3"],
        ["chosen by the wish", "currentColor"],
    ]);
    const labels = Object.entries(cases).map(([name, {label}]) => [name, label]);
    const chosen = figure.choice({label: "data", options: Object.fromEntries(labels)});
    const wish = figure.choice({label: "wish and colour", options: WISHES});
    const limits = {};
    for (const [measure, label] of [["robust", "at least robust"], ["acceptance", "at least accepted"]]) {
        limits[measure] = figure.slider({
            label, values: steps(0, 0.9, 0.05), value: start[measure], say: share => percent(share),
        });
    }
    const radius = figure.slider({
        label: "look at radius ε", values: radii.map((_, k) => k), value: 0, say: k => text(radii[k]),
    });
    const denied = figure.slider({
        label: "and threshold", values: [0, ...steps(0.1, 0.9, 0.1)], value: 0,
        say: share => share === 0 ? "its own" : percent(share),
    });

    /* The offers as a list, the cost of nobody counted as 0. */
    function offers() {
        const table = cases[chosen.value];
        return table.eps.map((eps, k) => ({
            eps, column: radii.indexOf(eps), denied: table.denied[k], front: table.front[k],
            robust: table.robust[k], affordable: table.affordable[k], accuracy: table.accuracy[k],
            acceptance: table.acceptance[k], cost: table.cost[k] ?? 0,
        }));
    }

    function allowed(offer) {
        return Object.entries(limits).every(([measure, {value}]) => offer[measure] >= value - 1e-9);
    }

    function worth(offer) {
        return wish.value === "cost" ? -offer.cost : offer[wish.value];
    }

    /* The first of the best that the limits allow: the smallest radius, its own threshold before others. */
    function choose(all) {
        const most = Math.max(...all.filter(allowed).map(worth));
        return all.find(offer => allowed(offer) && worth(offer) === most);
    }

    function height(offer) {
        return offer.denied ?? 1 - offer.acceptance;
    }

    function cell(offer, low, high) {
        const shade = Math.round((offer[wish.value] - low) / (high - low || 1) * (shades.length - 1));
        const [x, y] = [offer.column, offer.denied];
        plane.area([[x - 0.5, y - 0.05], [x + 0.5, y - 0.05], [x + 0.5, y + 0.05], [x - 0.5, y + 0.05]],
            {fill: shades[shade], "fill-opacity": allowed(offer) ? 1 : 0.2});
    }

    function mark(offer, style) {
        const place = [offer.column, height(offer)];
        plane.dot(place, {r: 9, fill: "none", stroke: "white", "stroke-width": 6});
        plane.dot(place, {r: 9, fill: "none", stroke: "black", "stroke-width": 3, ...style});
    }

    function described(offer) {
        const bar = offer.denied === null ? "its own threshold" : `${percent(offer.denied)} denied`;
        return `ε = ${text(offer.eps)} with ${bar}: robust ${percent(offer.robust)}, accuracy ${percent(offer.accuracy)},`
            + ` a yes within the budget ${percent(offer.affordable)}, accepted ${percent(offer.acceptance)},`
            + ` mean cost of the denied ${text(offer.cost)}`;
    }

    return () => {
        const all = offers();
        const cells = all.filter(offer => offer.denied !== null);
        const values = cells.map(offer => offer[wish.value]);
        const [low, high] = [Math.min(...values), Math.max(...values)];
        const best = choose(all);
        const seen = all.find(({column, denied: share}) => column === radius.value
            && (denied.value === 0 ? share === null : share !== null && Math.abs(share - denied.value) < 1e-9));
        plane.fresh();
        for (const offer of cells) cell(offer, low, high);
        const own = all.filter(offer => offer.denied === null);
        plane.line(own.map(offer => [offer.column, height(offer)]), {stroke: numbers.own});
        for (const offer of all.filter(({front}) => front)) {
            plane.dot([offer.column, height(offer)], {r: 3, fill: "white", stroke: "black"});
        }
        if (seen) mark(seen, {"stroke-dasharray": "3 3"});
        if (best) mark(best, {});
        const choice = best ? `The wish chooses ${described(best)}.` : "No offer is within the limits.";
        const look = seen ? ` Looked at: ${described(seen)}.` : " This model has no threshold with that share denied.";
        figure.say(choice + look, {best, seen});
    };
});
