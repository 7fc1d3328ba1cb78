/* Two class means, the balls of the adversary around them, and the kink of the robust loss.

   The classes are alike in all directions, so the best robust model looks along the line through
   the means, and all is a question in one dimension: a weight w along that line, and a bias b. */
"use strict";

Interactive.start("means", "Two class means and two balls, to move", (figure, numbers) => {
    const {text, percent, steps} = Interactive;
    const {spread, colours, ranges} = numbers;
    const means = {favourable: [...numbers.means.favourable], other: [...numbers.means.other]};
    const axis = (label, [from, to]) => ({label, from, to});
    const plane = figure.plane({
        label: "The plane of the two class means", ratio: 5 / 9, least: 0,
        x: axis("first feature", ranges.x), y: axis("second feature", ranges.y),
    });
    const ray = figure.plane({
        label: "Robust loss along the ray", ratio: 5 / 9, least: 190,
        x: axis("weight along the ray", ranges.weight),
        y: axis("loss less constant's, nats", ranges.loss),
    });
    for (const [name, words] of [["favourable", "mean of the favourable"], ["other", "mean of the others"]]) {
        figure.point(plane, {
            label: words, at: means[name], step: [0.1, 0.1], colour: colours[name],
            say: ([x, y]) => `${text(x, 1)}, ${text(y, 1)}`,
        });
    }
    figure.legend([
        ["the favourable", colours.favourable], ["the others", colours.other],
        ["slope at the constant", "currentColor", "4 3"],
    ]);
    const radius = figure.slider({
        label: "radius ε", values: steps(0, 2, 0.05), value: numbers.eps, say: value => text(value),
    });
    const favourable = figure.slider({
        label: "favourable people", values: steps(0.05, 0.95, 0.05), value: numbers.share, say: value => percent(value),
    });

    const phi = z => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(-z, 0);
    const fall = z => 1 / (1 + Math.exp(z));  // minus the slope of phi

    /* Sum over both classes of what a function says of the margins under attack. */
    function mean(w, b, each) {
        const [half, reach, share] = [apart() / 2, radius.value * Math.abs(w), favourable.value];
        let [upper, lower] = [0, 0];
        for (const offset of spread) {
            upper += each(w * (half + offset) + b - reach, 1);
            lower += each(w * (half - offset) - b - reach, -1);
        }
        return (share * upper + (1 - share) * lower) / spread.length;
    }

    function apart() {
        return Math.hypot(...means.favourable.map((value, k) => value - means.other[k]));
    }

    /* The best bias for a weight: where the pulls of both classes balance. */
    function bestBias(w) {
        let [low, high] = [-12, 12];
        for (let k = 0; k < 40; k += 1) {
            const b = (low + high) / 2;
            if (mean(w, b, (z, y) => y * fall(z)) > 0) low = b;
            else high = b;
        }
        return (low + high) / 2;
    }

    function loss(w) {
        return mean(w, bestBias(w), phi);
    }

    /* The best weight: the loss is convex in it, so a third of the range goes at each step. */
    function bestWeight() {
        if (2 * radius.value >= apart()) return 0;
        let [low, high] = [0, 30];
        for (let k = 0; k < 50; k += 1) {
            const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
            if (loss(a) < loss(b)) high = b;
            else low = a;
        }
        return (low + high) / 2;
    }

    function constantServes() {
        const share = favourable.value;
        if (Math.abs(share - 0.5) < 1e-9) return "is undecided, with equal shares";
        return share < 0.5
            ? "denies everybody, since most are unfavourable" : "accepts everybody, since most are favourable";
    }

    function drawPlane({w, b}) {
        const middle = means.favourable.map((value, k) => (value + means.other[k]) / 2);
        const along = means.favourable.map((value, k) => (value - means.other[k]) / (apart() || 1));
        const at = (far, beside) => [middle[0] + far * along[0] - beside * along[1],
            middle[1] + far * along[1] + beside * along[0]];
        plane.fresh();
        if (w > 0) {
            const end = -b / w;
            plane.area([at(end, -9), at(end, 9), at(-99, 9), at(-99, -9)], {fill: "currentColor", "fill-opacity": 0.12});
            plane.line([at(end, -9), at(end, 9)], {stroke: "currentColor"});
        }
        for (const [name, mean] of Object.entries(means)) {
            plane.ring(mean, radius.value, {fill: colours[name], "fill-opacity": 0.3, stroke: colours[name]});
        }
    }

    function drawRay(w, slope, base) {
        const {from, to} = ray.x;
        ray.fresh();
        ray.line([[from, 0], [to, 0]], {stroke: "currentColor", "stroke-opacity": 0.4, "stroke-width": 1});
        ray.line(steps(from, to, 0.04).map(weight => [weight, loss(weight) - base]), {stroke: "currentColor"});
        ray.line([[0, 0], [1, slope]], {stroke: "currentColor", "stroke-dasharray": "4 3", "stroke-width": 1.5});
        ray.dot([w, loss(w) - base], {fill: "currentColor", r: 5});
    }

    return () => {
        const [share, threshold, w] = [favourable.value, apart() / 2, bestWeight()];
        const [b, base] = [bestBias(w), loss(0)];
        const slope = share * (1 - share) * (2 * radius.value - apart());
        const denied = w === 0 ? (share < 0.5 ? 1 : 0) : deniedShare(w, b);
        drawPlane({w, b});
        drawRay(w, slope, base);
        const start = `ε is ${text(radius.value)} and half the distance of the means ${text(threshold)}: `;
        const end = w === 0
            ? `the balls meet, no weight pays, and the best robust model is a constant. It ${constantServes()}.`
            : `the balls are apart, a weight of ${text(w)} is best, and that model denies ${percent(denied)}`
                + ` of the people. From ${text(threshold)} on a constant would be best: it ${constantServes()}.`;
        figure.say(start + end, {
            threshold, slope, weight: w, bias: b, loss: loss(w), constant: base, denied, share, eps: radius.value,
        });
    };

    /* The share of people whom the model denies, without any attack. */
    function deniedShare(w, b) {
        const [half, share] = [apart() / 2, favourable.value];
        const below = sign => spread.filter(offset => w * (sign * half + offset) + b < 0).length / spread.length;
        return share * below(1) + (1 - share) * below(-1);
    }
});
