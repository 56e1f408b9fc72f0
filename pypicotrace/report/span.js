/* The part of the time that is shown: in nanoseconds, and in the page's address where it is not all of it. */

const SHORTEST = 10;
const WHOLE = Math.max(facts.duration, SHORTEST);

const span = {
	get() {
		const [from, to] = state.get("span").split(",").map(Number);
		return from >= 0 && to > from && to <= WHOLE ? [from, to] : [0, WHOLE];
	},

	set(from, to) {
		const size = Math.min(Math.max(to - from, SHORTEST), WHOLE);
		const begin = Math.round(Math.min(Math.max(from, 0), WHOLE - size));
		state.set("span", size >= WHOLE ? "" : `${begin},${Math.round(begin + size)}`);
	},

	all: () => span.set(0, WHOLE),

	/* So many times as much of it, around a place between 0 and 1. */
	zoom(times, around = 0.5) {
		const [from, to] = span.get();
		const still = from + (to - from) * around;
		span.set(still - (still - from) * times, still + (to - still) * times);
	},

	move(part) {
		const [from, to] = span.get();
		span.set(from + (to - from) * part, to + (to - from) * part);
	},

	keys: {
		"+": () => span.zoom(0.5),
		"=": () => span.zoom(0.5),
		"-": () => span.zoom(2),
		"0": () => span.all(),
		ArrowLeft: () => span.move(-0.25),
		ArrowRight: () => span.move(0.25),
	},

	key(event) {
		const done = span.keys[event.key];
		if (done && !event.ctrlKey && !event.altKey && !event.metaKey) {
			event.preventDefault();
			done();
		}
	},

	addTools(where) {
		const button = (text, hint, done) =>
			element("button", {type: "button", title: hint, "aria-label": hint, onclick: done}, text);
		where.append(
			button("+", "Zoom in", span.keys["+"]),
			button("\u2212", "Zoom out", span.keys["-"]),
			button("\u2190", "Earlier", span.keys.ArrowLeft),
			button("\u2192", "Later", span.keys.ArrowRight),
			button("All", "The whole trace", span.all),
		);
	},
};
