/* Processes and LWPs over time. There may be thousands: those rows alone are drawn that can be seen. */

const ROW = 20;
const HIGHEST = 440;
const LWPS_SHOWN = 100;
const AFTER = 96; /* room for how a process has ended */

const processText = (process) =>
	[process[PROCESS.pid], process[PROCESS.how], ...process[PROCESS.names].map(([, name]) => name)]
		.join("\n").toLowerCase();

class Timeline {
	constructor() {
		this.frame = byId("rows");
		this.picture = drawn("svg", {"aria-hidden": "true"});
		this.room = element("div", {}, this.picture);
		this.frame.append(this.room);
		this.texts = facts.processes.map(processText);
		this.ordered = this.order();
		this.place = {left: 0, width: 0};
		this.overview = new Overview(this.place);
		span.addTools(byId("time-tools"));
		this.addChoice(byId("time-tools"));
		this.frame.addEventListener("scroll", () => this.drawRows());
		this.frame.addEventListener("keydown", span.key);
		this.frame.addEventListener("wheel", (event) => this.wheel(event), {passive: false});
		state.listeners.push(() => this.draw());
		addEventListener("resize", () => this.draw());
		this.draw();
	}

	/* Processes with how deep they are, each before its children. */
	order() {
		const children = facts.processes.map(() => []);
		const open = [];
		facts.processes.forEach((process, place) => {
			const parent = process[PROCESS.parent];
			(parent < 0 ? open : children[parent]).push(parent < 0 ? [place, 0] : place);
		});
		open.reverse();
		const found = [];
		while (open.length) {
			const [place, depth] = open.pop();
			found.push([place, depth]);
			open.push(...children[place].map((child) => [child, depth + 1]).reverse());
		}
		return found;
	}

	addChoice(where) {
		const lwps = facts.processes.reduce((sum, process) => sum + process[PROCESS.lwps].length, 0);
		const choice = element("input", {type: "checkbox", onchange: () => {
			this.lwps = choice.checked;
			this.draw();
		}});
		this.lwps = choice.checked = lwps <= LWPS_SHOWN;
		where.append(element("label", {}, choice, " LWPs"));
	}

	wheel(event) {
		if (event.ctrlKey) {
			event.preventDefault();
			const left = event.clientX - this.frame.getBoundingClientRect().left - this.place.left;
			span.zoom(event.deltaY < 0 ? 0.8 : 1.25, Math.min(Math.max(left / this.place.width, 0), 1));
		}
	}

	/* Processes that have what is looked for, and those that they descend from. */
	wanted() {
		const words = state.words();
		const wanted = new Set();
		this.texts.forEach((text, place) => {
			let at = matches(text, words) ? place : -1;
			while (at >= 0 && !wanted.has(at)) {
				wanted.add(at);
				at = facts.processes[at][PROCESS.parent];
			}
		});
		return wanted;
	}

	/* What the rows are, and which is a process's. */
	arrange() {
		const wanted = this.wanted();
		this.found = wanted.size;
		this.rows = [];
		this.rowOf = new Map();
		for (const [place, depth] of this.ordered.filter(([each]) => wanted.has(each))) {
			const process = facts.processes[place];
			const lwps = process[PROCESS.lwps];
			this.rowOf.set(place, this.rows.length);
			this.rows.push({process, depth, lwp: null});
			if (this.lwps && lwps.length > 1) {
				this.rows.push(...lwps.map((lwp) => ({process, depth: depth + 1, lwp})));
			}
		}
	}

	draw() {
		this.arrange();
		const whole = Math.max(this.frame.clientWidth, 300);
		this.place.left = whole < 700 ? 130 : 220;
		this.place.width = whole - this.place.left - AFTER;
		const height = Math.max(this.rows.length, 1) * ROW;
		this.room.style.height = `${height}px`;
		this.frame.style.height = `${Math.min(height + 2, HIGHEST)}px`;
		this.overview.draw();
		this.drawRows();
	}

	drawRows() {
		this.span = span.get();
		const first = Math.max(Math.floor(this.frame.scrollTop / ROW) - 2, 0);
		const last = Math.min(first + Math.ceil(HIGHEST / ROW) + 5, this.rows.length);
		const height = Math.max(last - first, 1) * ROW;
		const plot = drawn("svg", {class: "plot", x: this.place.left, width: this.place.width + AFTER, height});
		const shown = this.rows.slice(first, last);
		this.drawForks(plot, first, last);
		shown.forEach((row, place) => this.drawRow(plot, row, place * ROW));
		this.picture.replaceChildren(...shown.map((row, place) => this.label(row, place * ROW)), plot);
		this.picture.setAttribute("height", height);
		this.picture.style.top = `${first * ROW}px`;
		if (!shown.length) {
			const none = facts.processes.length ? "None has what is looked for." : "None.";
			this.picture.append(drawn("text", {class: "dim", x: 4, y: 15}, none));
		}
	}

	label({process, depth, lwp}, top) {
		const text = lwp ? `LWP ${lwp[LWP.lwp]}` : `${named(lastName(process))} ${process[PROCESS.pid]}`;
		const indent = 4 + Math.min(depth, 8) * 10;
		const place = {class: lwp ? "dim" : null, x: indent, y: 14};
		return drawn("svg", {y: top, width: this.place.left - 4, height: ROW},
			drawn("text", place, text, drawn("title", {}, text)));
	}

	/* Where a time is; what is outside of the span is at its edge. */
	at(ns) {
		const [from, to] = this.span;
		return ((Math.min(Math.max(ns, from), to) - from) / (to - from)) * this.place.width;
	}

	/* Whether anything of it is in the span. */
	seen(begin, end = begin) {
		return end >= this.span[0] && begin <= this.span[1];
	}

	drawForks(plot, first, last) {
		const lowest = (last - first + 1) * ROW;
		const middle = (row) => (row - first) * ROW + ROW / 2;
		for (const [place, row] of this.rowOf) {
			const process = facts.processes[place];
			const parent = this.rowOf.get(process[PROCESS.parent]);
			const seen = this.seen(process[PROCESS.begin]);
			if (seen && parent !== undefined && parent < last && row >= first) {
				const x = this.at(process[PROCESS.begin]);
				const [y1, y2] = [Math.max(middle(parent), -ROW), Math.min(middle(row), lowest)];
				plot.append(drawn("line", {class: "fork", x1: x, x2: x, y1, y2}));
			}
		}
	}

	drawRow(plot, {process, lwp}, top) {
		if (lwp) {
			this.drawLwp(plot, lwp, top);
		} else {
			this.drawProcess(plot, process, top);
			this.drawEnd(plot, process, this.at(process[PROCESS.end]), top);
		}
	}

	drawLwp(plot, lwp, top) {
		this.drawBar(plot, "lwp", [lwp[LWP.begin], lwp[LWP.end]], top + 7, 6, lwpSummary(lwp));
	}

	drawProcess(plot, process, top) {
		const names = process[PROCESS.names];
		const [calls, errors] = [number(process[PROCESS.calls]), number(process[PROCESS.errors])];
		names.forEach(([since, name], place) => {
			const begin = place ? since : process[PROCESS.begin];
			const end = place + 1 < names.length ? names[place + 1][0] : process[PROCESS.end];
			const said = `${named(name)} ${process[PROCESS.pid]}: ${calls} calls, ${errors} failed`;
			this.drawBar(plot, `p${colours.get(name)}`, [begin, end], top + 4, 12, said);
		});
		for (const [ns, what, text] of process[PROCESS.marks].filter(([ns]) => this.seen(ns))) {
			const mark = sign(what, this.at(ns), top + ROW / 2);
			mark.append(drawn("title", {}, `${text} at ${duration(ns)}`));
			plot.append(mark);
		}
	}

	drawBar(plot, kind, [begin, end], y, height, said) {
		if (!this.seen(begin, end)) {
			return;
		}
		const [x, to] = [this.at(begin), this.at(end)];
		const when = `${duration(begin)} to ${duration(end)} (${duration(end - begin)})`;
		const bar = drawn("rect", {class: kind, x, y, width: Math.max(to - x, 1.5), height});
		bar.append(drawn("title", {}, `${said}; ${when}`));
		plot.append(bar);
	}

	drawEnd(plot, process, x, top) {
		if (!this.seen(process[PROCESS.end])) {
			return;
		}
		if (process[PROCESS.way] === UNKNOWN) {
			plot.append(drawn("path", {class: "open", d: `M${x} ${top + 4}l5 6l-5 6`}));
		} else if (process[PROCESS.way] !== WELL) {
			const kind = process[PROCESS.way] === BADLY ? "failed" : "dim";
			plot.append(drawn("text", {class: `end ${kind}`, x: x + 6, y: top + 14}, process[PROCESS.how]));
		}
	}
}

function lwpSummary(lwp) {
	const out = lwp[LWP.end] - lwp[LWP.begin] - lwp[LWP.inside];
	return `LWP ${lwp[LWP.lwp]}: ${duration(lwp[LWP.inside])} in the kernel, ${duration(out)} out of it`;
}
