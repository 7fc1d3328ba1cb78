/* Boundary and budget: SCFE serves those within its budget of the boundary. Robust training moves
   both; one at a time, they split the fall of validity. */
"use strict";

Interactive.start("budget", "Boundary and budget, to move", (figure, numbers) => {
    const {text, percent, steps} = Interactive;
    const {eps, cost, cases, colours, start} = numbers;
    const plane = figure.plane({
        label: "Share of people within each distance of the boundary",
        x: {label: "distance to the boundary, sd", from: 0.05, to: 20, log: true},
        y: {label: "share of people within it", from: 0, to: 1},
    });
    figure.legend([
        ["standard boundary", "currentColor", "6 4"], ["robust boundary", "currentColor"],
        ["budgets", "currentColor", "2 3"],
        ...Object.entries(colours),
    ]);
    const labels = Object.entries(cases).map(([name, {label}]) => [name, label]);
    const chosen = figure.choice({label: "data", options: Object.fromEntries(labels)});
    const radius = figure.slider({
        label: "trained against ε", values: eps.map((_, k) => k).slice(1),
        value: eps.indexOf(start.eps), say: k => text(eps[k]),
    });
    const penalty = figure.slider({
        label: "penalty λ", values: steps(-3, 1.5, 0.125), value: Math.log10(start.lam),
        say: power => String(Number((10 ** power).toPrecision(2))),
    });
    const target = figure.slider({
        label: "target score s", values: steps(0.1, 2, 0.1), value: start.s, say: value => text(value, 1),
    });

    /* The share of people within a budget, between the distances of the table. */
    function within(shares, budget) {
        const last = cost.length - 1;
        if (budget <= cost[0]) return shares[0];
        if (budget >= cost[last]) return shares[last];
        const next = cost.findIndex(each => each > budget);
        const part = (budget - cost[next - 1]) / (cost[next] - cost[next - 1]);
        return shares[next - 1] + part * (shares[next] - shares[next - 1]);
    }

    function curve(shares, style) {
        plane.line(shares.map((share, k) => [cost[k], share]), {stroke: "currentColor", ...style});
    }

    function budgetLine(budget, words, dy) {
        const at = Math.min(Math.max(budget, plane.x.from), plane.x.to);
        plane.line([[at, 0], [at, 1]], {stroke: "currentColor", "stroke-dasharray": "2 3"});
        plane.note([at, 0], words, {dy, dx: at > 3 ? -6 : 6, anchor: at > 3 ? "end" : "start"});
        return at;
    }

    return () => {
        const {label, norms, within: table} = cases[chosen.value];
        const [standard, robust] = [table[0], table[radius.value]];
        const scale = target.value / 10 ** penalty.value;
        const [usual, other] = [scale * norms[0], scale * norms[radius.value]];
        const found = {
            standard: within(standard, usual), boundary: within(robust, usual),
            budget: within(standard, other), robust: within(robust, other),
        };
        plane.fresh();
        curve(standard, {"stroke-dasharray": "6 4"});
        curve(robust, {});
        const first = budgetLine(usual, "standard budget", -24);
        const second = budgetLine(other, "robust budget", -8);
        plane.dot([first, found.standard], {fill: "currentColor", r: 5});
        plane.dot([first, found.boundary], {fill: colours["robust boundary alone"], r: 6});
        plane.dot([second, found.budget], {fill: colours["robust budget alone"], r: 6});
        plane.dot([second, found.robust], {fill: colours["robust: both"], r: 6});
        const lost = share => text(100 * (found.standard - share), 0);
        figure.say(
            `${label}, ε = ${text(eps[radius.value])}: SCFE's budget is ${text(usual)} under the standard model`
            + ` and ${text(other)} under the robust one, in standard deviations. It serves`
            + ` ${percent(found.standard)} and ${percent(found.robust)} of the people. Of the fall of`
            + ` ${lost(found.robust)} points, the robust boundary alone would take ${lost(found.boundary)},`
            + ` and the robust budget alone ${lost(found.budget)}.`,
            {...found, lam: 10 ** penalty.value, s: target.value, eps: eps[radius.value], usual, other},
        );
    };
});
