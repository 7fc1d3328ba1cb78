/* What every figure is made of that a reader moves: planes with axes, points that follow mouse,
   touch and arrow keys, sliders, choices, and a sentence that says the result.

   A page holds a still picture, and behind it the figure's numbers as JSON.
   A script that takes over hides the picture on screen; in print it stays. */
"use strict";

const Interactive = (() => {
    const SVG = "http://www.w3.org/2000/svg";
    const MARGIN = {left: 54, right: 14, top: 12, bottom: 44};
    const FAR = 1e5;  // pixels; beyond it nothing is drawn
    const MOVES = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1]};
    const LARGE = 5;  // steps at once with the shift key
    let parts = 0;  // named so far

    function newName() {
        return `interactive-${parts += 1}`;
    }

    function add(parent, tag, attributes = {}, text = "") {
        const drawn = tag === "svg" || parent.namespaceURI === SVG;
        const node = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
        node.textContent = text;
        parent.append(node);
        return node;
    }

    /* Text of a number, with a true minus. */
    function text(value, digits = 2) {
        const rounded = value.toFixed(digits);
        return (Number(rounded) === 0 ? rounded.replace("-", "") : rounded).replace("-", "−");
    }

    function percent(share, digits = 0) {
        return `${text(100 * share, digits)} %`;
    }

    function steps(from, to, step) {
        const count = Math.round((to - from) / step);
        return Array.from({length: count + 1}, (_, k) => from + k * step);
    }

    /* Round places for ticks, at most six or so. */
    function ticks({from, to, log}) {
        if (log) {
            const decades = steps(Math.ceil(Math.log10(from) - 1e-9), Math.floor(Math.log10(to)), 1);
            return decades.map(decade => 10 ** decade);
        }
        const rough = (to - from) / 5;
        const unit = 10 ** Math.floor(Math.log10(rough));
        const step = unit * [1, 2, 5, 10].find(factor => factor * unit >= rough - 1e-12);
        return steps(Math.ceil(from / step), Math.floor(to / step + 1e-9), 1).map(k => k * step);
    }

    /* A plane with two axes: {from, to, label, log, marks}; it is `ratio` times as high as wide, and
       at least so many pixels high. */
    class Plane {
        constructor(parent, {label, x, y, ratio = 0.62, least = 230}) {
            Object.assign(this, {x, y, ratio, least, points: []});
            this.box = add(parent, "div", {class: "plane"});
            this.svg = add(this.box, "svg", {role: "group", "aria-label": label});
            const clip = newName();
            this.frame = add(add(this.svg, "clipPath", {id: clip}), "rect");
            this.axes = add(this.svg, "g", {"aria-hidden": "true", class: "axes"});
            this.marks = add(this.svg, "g", {"aria-hidden": "true", "clip-path": `url(#${clip})`});
            this.notes = add(this.svg, "g", {"aria-hidden": "true", class: "notes"});
            this.handles = add(this.svg, "g");
        }

        /* Start again at the width that the page has now. */
        fresh() {
            this.width = this.box.clientWidth;
            this.inner = Math.max(this.width - MARGIN.left - MARGIN.right, 50);
            this.tall = Math.max(this.inner * this.ratio, this.least);
            this.height = this.tall + MARGIN.top + MARGIN.bottom;
            this.svg.setAttribute("width", this.width);
            this.svg.setAttribute("height", this.height);
            const frame = {x: MARGIN.left, y: MARGIN.top, width: this.inner, height: this.tall};
            for (const [name, value] of Object.entries(frame)) this.frame.setAttribute(name, value);
            for (const layer of [this.axes, this.marks, this.notes]) layer.textContent = "";
            this.drawAxes();
            for (const point of this.points) point.place();
        }

        drawAxes() {
            const [left, base] = [MARGIN.left, MARGIN.top + this.tall];
            add(this.axes, "path", {d: `M${left},${MARGIN.top}V${base}H${left + this.inner}`});
            for (const value of this.x.marks || ticks(this.x)) {
                const at = this.across(value);
                add(this.axes, "path", {d: `M${at},${base}v5`});
                const place = {x: at, y: base + 18, "text-anchor": "middle"};
                add(this.axes, "text", place, this.name(this.x, value));
            }
            for (const value of this.y.marks || ticks(this.y)) {
                const at = this.up(value);
                add(this.axes, "path", {d: `M${left},${at}h-5`});
                const place = {x: left - 8, y: at + 4, "text-anchor": "end"};
                add(this.axes, "text", place, this.name(this.y, value));
            }
            const middle = MARGIN.top + this.tall / 2;
            const below = {x: left + this.inner / 2, y: base + 38, "text-anchor": "middle"};
            const beside = {transform: `translate(13,${middle}) rotate(-90)`, "text-anchor": "middle"};
            add(this.axes, "text", below, this.x.label);
            add(this.axes, "text", beside, this.y.label);
        }

        name(axis, value) {
            return axis.name ? axis.name(value) : String(Number(value.toPrecision(6))).replace("-", "−");
        }

        share({from, to, log}, value) {
            return log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
        }

        across(value) {
            const at = MARGIN.left + this.inner * this.share(this.x, value);
            return Math.min(Math.max(at, -FAR), FAR);
        }

        up(value) {
            const at = MARGIN.top + this.tall * (1 - this.share(this.y, value));
            return Math.min(Math.max(at, -FAR), FAR);
        }

        /* The values at a place of the window; both axes linear. */
        valuesAt(event) {
            const {left, top} = this.svg.getBoundingClientRect();
            const right = (event.clientX - left - MARGIN.left) / this.inner;
            const above = 1 - (event.clientY - top - MARGIN.top) / this.tall;
            const {x, y} = this;
            return [x.from + right * (x.to - x.from), y.from + above * (y.to - y.from)];
        }

        path(values) {
            return values.map(([x, y], k) => `${k ? "L" : "M"}${this.across(x)},${this.up(y)}`).join("");
        }

        line(values, style) {
            add(this.marks, "path", {d: this.path(values), fill: "none", "stroke-width": 2, ...style});
        }

        area(values, style) {
            add(this.marks, "path", {d: `${this.path(values)}Z`, ...style});
        }

        dot([x, y], style) {
            add(this.marks, "circle", {cx: this.across(x), cy: this.up(y), r: 4, ...style});
        }

        /* A circle of a radius in the units of the axes. */
        ring([x, y], radius, style) {
            const rx = this.across(x + radius) - this.across(x);
            const ry = this.up(y) - this.up(y + radius);
            add(this.marks, "ellipse", {cx: this.across(x), cy: this.up(y), rx, ry, ...style});
        }

        arrow(from, to, colour) {
            const [[x1, y1], [x2, y2]] = [from, to].map(([x, y]) => [this.across(x), this.up(y)]);
            const angle = Math.atan2(y2 - y1, x2 - x1);
            const wing = turn => [x2 - 9 * Math.cos(angle + turn), y2 - 9 * Math.sin(angle + turn)];
            const d = `M${x1},${y1}L${x2},${y2}M${wing(0.5)}L${x2},${y2}L${wing(-0.5)}`;
            add(this.marks, "path", {d, fill: "none", stroke: colour, "stroke-width": 2});
        }

        note([x, y], words, {dx = 0, dy = 0, anchor = "middle"} = {}) {
            const place = {x: this.across(x) + dx, y: this.up(y) + dy, "text-anchor": anchor};
            add(this.notes, "text", place, words);
        }
    }

    /* A point of a plane that a reader drags, or moves by the arrow keys. `at` holds its place. */
    class Point {
        constructor(figure, plane, {label, at, step, say, colour = "currentColor"}) {
            Object.assign(this, {figure, plane, at, step, say});
            this.node = add(plane.handles, "g", {
                class: "point", role: "slider", tabindex: 0, "aria-label": label,
                "aria-roledescription": "point to move",
                "aria-valuemin": plane.x.from, "aria-valuemax": plane.x.to,
            });
            add(this.node, "circle", {r: 22, class: "reach"});
            add(this.node, "circle", {r: 13, class: "focus"});
            add(this.node, "circle", {r: 8, fill: colour, class: "grip"});
            plane.points.push(this);
            const keep = event => event.preventDefault();  // a finger moves the point, not the page
            this.node.addEventListener("touchstart", keep, {passive: false});
            this.node.addEventListener("pointerdown", event => this.take(event));
            this.node.addEventListener("pointermove", event => this.drag(event));
            this.node.addEventListener("keydown", event => this.step_by(event));
        }

        take(event) {
            this.node.setPointerCapture(event.pointerId);
            this.node.focus({preventScroll: true});
            event.preventDefault();
        }

        drag(event) {
            if (this.node.hasPointerCapture(event.pointerId)) this.move(this.plane.valuesAt(event));
        }

        step_by(event) {
            const way = MOVES[event.key];
            if (!way) return;
            event.preventDefault();
            const times = event.shiftKey ? LARGE : 1;
            this.move(this.at.map((value, k) => value + times * way[k] * this.step[k]));
        }

        /* Go to the nearest place of the grid of steps that is in the plane. */
        move(values) {
            [this.plane.x, this.plane.y].forEach(({from, to}, k) => {
                const near = Math.round(values[k] / this.step[k]) * this.step[k];
                this.at[k] = Math.min(Math.max(near, from), to);
            });
            this.figure.draw();
        }

        place() {
            const [x, y] = this.at;
            this.node.setAttribute("transform", `translate(${this.plane.across(x)},${this.plane.up(y)})`);
            this.node.setAttribute("aria-valuenow", Number(x.toPrecision(6)));
            this.node.setAttribute("aria-valuetext", this.say(this.at));
        }
    }

    /* What a figure's script builds with; `drawing` is what it draws at every change. */
    class Figure {
        constructor(place, label) {
            this.place = place;
            place.setAttribute("role", "group");
            place.setAttribute("aria-label", label);
            this.planes = add(place, "div", {class: "planes"});
            this.controls = add(place, "div", {class: "controls"});
            this.words = add(place, "p", {class: "words", role: "status"});
        }

        plane(options) {
            return new Plane(this.planes, options);
        }

        point(plane, options) {
            return new Point(this, plane, options);
        }

        /* A row with a label, and the name that its control must have. */
        row(label) {
            const [row, id] = [add(this.controls, "div", {class: "setting"}), newName()];
            add(row, "label", {for: id}, label);
            return [row, id];
        }

        /* A slider over a list of values; returns an object whose `value` is the chosen one. */
        slider({label, values, value, say}) {
            const [row, id] = this.row(label);
            const input = add(row, "input", {id, type: "range", min: 0, step: 1});
            const output = add(row, "output", {for: id, "aria-live": "off"});
            const state = {};
            const tell = () => {
                state.value = state.values[Number(input.value)];
                output.textContent = say(state.value);
                input.setAttribute("aria-valuetext", say(state.value));
            };
            state.offer = (offered, chosen) => {
                const apart = offered.map(each => Math.abs(each - chosen));
                state.values = offered;
                input.max = offered.length - 1;
                input.value = apart.indexOf(Math.min(...apart));
                input.disabled = offered.length < 2;
                tell();
            };
            state.offer(values, value);
            input.addEventListener("input", () => { tell(); this.draw(); });
            return state;
        }

        /* A choice out of a few: a dict of value -> text; `changed` runs before the drawing. */
        choice({label, options, changed = () => {}}) {
            const [row, id] = this.row(label);
            row.classList.add("wide");
            const select = add(row, "select", {id});
            for (const [value, words] of Object.entries(options)) add(select, "option", {value}, words);
            const state = {value: select.value};
            select.addEventListener("change", () => {
                state.value = select.value;
                changed();
                this.draw();
            });
            return state;
        }

        /* A legend: rows of colour and text. */
        legend(entries) {
            const list = add(this.planes, "p", {class: "legend"});
            for (const [words, colour, dash = ""] of entries) {
                const entry = add(list, "span");
                const swatch = add(entry, "svg", {width: 26, height: 10, "aria-hidden": "true"});
                const line = {d: "M0,5H26", stroke: colour, "stroke-width": 3};
                add(swatch, "path", {...line, "stroke-dasharray": dash});
                entry.append(words);
            }
        }

        /* Say the result in words, and keep its numbers for whoever asks. */
        say(words, numbers) {
            this.place.numbers = numbers;
            if (this.words.textContent !== words) this.words.textContent = words;
        }
    }

    /* Draw the figures of a name that the page has. `build` returns the function that draws. */
    function start(name, label, build) {
        for (const place of document.querySelectorAll(`.interactive[data-figure="${name}"]`)) {
            const still = document.getElementById(`fig-${name}`);
            const numbers = JSON.parse(place.querySelector("script").textContent);
            const cell = place.closest(".cell");
            still.prepend(place);
            cell.remove();
            const figure = new Figure(place, label);
            if (numbers.source === "twin") add(place, "p", {class: "twin"}, "Synthetic twin: not a result.");
            figure.draw = build(figure, numbers);
            figure.draw();
            still.classList.add("moves");
            let width = place.clientWidth;
            new ResizeObserver(() => {
                if (place.clientWidth !== width) {
                    width = place.clientWidth;
                    figure.draw();
                }
            }).observe(place);
        }
    }

    return {start, steps, text, percent};
})();
