/* How long calls took: of one call in a line, of the chosen one as a picture. Both have time on a logarithmic scale. */

const CALL = {
	name: 0, abi: 1, count: 2, returned: 3, errors: 4, timed: 5, total: 6, p50: 7, p99: 8, most: 9, bars: 10,
};
const LINE = {width: 96, height: 18};

/* From where to where all calls together took, for a scale that they share: one that has a round value at least. */
const [shortest, longest] = (() => {
	const bars = facts.allBars.length ? facts.allBars : [[1, 10]];
	const [least, most] = [Math.max(bars[0][0], 1), bars[bars.length - 1][1]];
	return most >= 10 * least ? [least, most]
		: [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most))];
})();

function logarithmic(from, to, width) {
	const [least, most] = [Math.log(from), Math.log(to)];
	return (ns) => ((Math.log(Math.max(ns, from)) - least) / (most - least || 1)) * width;
}

function line(bars) {
	const at = logarithmic(shortest, longest, LINE.width);
	const most = Math.max(...bars.map(([, , count]) => count));
	const path = bars.map(([from, to, count]) => {
		const height = Math.max((count / most) * LINE.height, 1);
		const width = Math.max(at(to) - at(from), 1);
		const [x, wide, high] = [at(from), width, height].map((size) => size.toFixed(1));
		return `M${x} ${LINE.height}v-${high}h${wide}v${high}z`;
	}).join("");
	const box = `0 0 ${LINE.width} ${LINE.height}`;
	return drawn("svg", {class: "line", viewBox: box, "aria-hidden": "true"}, drawn("path", {d: path}));
}

const severalAbis = new Set(facts.calls.map((row) => row[CALL.abi])).size > 1;
const callName = (row) => (severalAbis ? `${row[CALL.name]} (${row[CALL.abi]})` : row[CALL.name]);

class Histogram {
	constructor() {
		this.picture = byId("histogram");
		this.choice = byId("call");
		this.choice.append(element("option", {value: ""}, "all calls"));
		const timed = facts.calls.filter((row) => row[CALL.timed]);
		this.calls = new Map(timed.map((row) => [callName(row), row]));
		const names = [...this.calls.keys()].sort();
		this.choice.append(...names.map((name) => element("option", {value: name}, name)));
		this.choice.addEventListener("change", () => state.set("call", this.choice.value));
		state.listeners.push(() => this.draw());
		addEventListener("resize", () => this.draw());
		this.draw();
	}

	draw() {
		const row = this.calls.get(state.get("call"));
		this.choice.value = row ? callName(row) : "";
		const bars = row ? row[CALL.bars] : facts.allBars;
		const {width, height} = {width: Math.max(this.picture.clientWidth, 300), height: 220};
		this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
		const label = bars.length ? this.summary(row, bars) : "No durations are known.";
		this.picture.setAttribute("aria-label", label);
		this.picture.replaceChildren(drawn("text", {x: 0, y: 14}, label));
		if (bars.length) {
			this.drawBars(bars, width, height - 24);
			this.drawScale(width, height - 24);
		}
		if (row) {
			this.drawLine("p50", row[CALL.p50], width, height - 24);
			this.drawLine("p99", row[CALL.p99], width, height - 24);
		}
	}

	summary(row, bars) {
		const count = bars.reduce((sum, bar) => sum + bar[2], 0);
		const most = Math.max(...bars.map((bar) => bar[2]));
		const name = row ? callName(row) : "all calls";
		return `${name}: ${number(count)} timed, the highest bar ${number(most)}`;
	}

	drawBars(bars, whole, bottom) {
		const at = logarithmic(shortest, longest, whole);
		const most = Math.max(...bars.map((bar) => bar[2]));
		for (const [from, to, count] of bars) {
			const high = Math.max((count / most) * (bottom - 36), 2);
			const said = `${duration(from)} to ${duration(to)}: ${number(count)}`;
			const place = {x: at(from), y: bottom - high, height: high};
			const width = Math.max(at(to) - at(from) - 1, 1);
			this.picture.append(drawn("rect", {class: "bar", ...place, width}, drawn("title", {}, said)));
		}
	}

	drawScale(width, bottom) {
		const at = logarithmic(shortest, longest, width);
		this.picture.append(drawn("line", {class: "scale", x1: 0, x2: width, y1: bottom, y2: bottom}));
		for (let ns = 10 ** Math.ceil(Math.log10(shortest)); ns <= longest; ns *= 10) {
			const x = at(ns);
			this.picture.append(drawn("line", {class: "scale", x1: x, x2: x, y1: bottom, y2: bottom + 5}));
			const anchor = x < 20 ? "start" : x > width - 30 ? "end" : "middle";
			this.picture.append(drawn("text", {x, y: bottom + 18, "text-anchor": anchor}, duration(ns)));
		}
	}

	drawLine(name, ns, width, bottom) {
		const x = logarithmic(shortest, longest, width)(ns);
		const [anchor, aside] = x > width - 90 ? ["end", -4] : ["start", 4];
		const y = name === "p50" ? 34 : 50;
		this.picture.append(
			drawn("line", {class: "quantile", x1: x, x2: x, y1: y - 10, y2: bottom}),
			drawn("text", {x: x + aside, y, "text-anchor": anchor}, `${name} ${duration(ns)}`),
		);
	}
}
