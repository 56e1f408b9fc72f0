/* How processes look: a colour for each program, signs for what happens to them, and what each means. */

const PROCESS = {
	pid: 0, parent: 1, begin: 2, end: 3, how: 4, way: 5, calls: 6, errors: 7, names: 8, marks: 9, lwps: 10,
};
const LWP = {lwp: 0, begin: 1, end: 2, inside: 3, calls: 4, errors: 5};
const [UNKNOWN, WELL, BADLY] = [0, 1, 2];
const COLOURS = 7;

/* By how many processes have a name; what is rare shares the last one. */
const colours = (() => {
	const counts = new Map();
	for (const process of facts.processes) {
		for (const [, name] of process[PROCESS.names]) {
			counts.set(name, (counts.get(name) || 0) + 1);
		}
	}
	const names = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
	return new Map(names.map((name, place) => [name, Math.min(place, COLOURS)]));
})();

const named = (name) => name || "(no name)";

function lastName(process) {
	const names = process[PROCESS.names];
	return names[names.length - 1][1];
}

function sign(what, x = 0, y = 0) {
	if (what === "exec") {
		return drawn("path", {class: "exec", d: `M${x} ${y - 4}l4 8h-8z`});
	}
	return drawn("circle", {class: what, cx: x, cy: y, r: what === "crash" ? 4.5 : 3.5});
}

function addLegend(where) {
	const meaning = (picture, text) => {
		const box = drawn("svg", {viewBox: "-5 -5 10 10", "aria-hidden": "true"}, picture);
		where.append(element("span", {}, box, text));
	};
	const patch = (colour) => drawn("rect", {class: `p${colour}`, x: -5, y: -5, width: 10, height: 10});
	for (const [name, colour] of colours) {
		if (colour < COLOURS) {
			meaning(patch(colour), named(name));
		}
	}
	if (colours.size > COLOURS) {
		meaning(patch(COLOURS), "others");
	}
	meaning(sign("exec"), "exec");
	meaning(sign("signal"), "signal");
	meaning(sign("crash"), "fault");
}
