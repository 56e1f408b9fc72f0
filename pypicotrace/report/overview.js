/* Calls over the whole time, and the scale of the part that is shown. What is drawn over here is shown below. */

class Overview {
	/* Where the time begins and how wide it is, is the time line's doing. */
	constructor(place) {
		this.place = place;
		this.picture = byId("overview");
		let begun = null;
		this.picture.addEventListener("pointerdown", (event) => {
			begun = this.at(event);
			this.picture.setPointerCapture(event.pointerId);
		});
		this.picture.addEventListener("pointerup", (event) => {
			const [from, to] = [begun, this.at(event)].sort((a, b) => a - b);
			if (begun !== null && (to - from) * this.place.width > 3 * WHOLE) {
				span.set(from, to);
			}
			begun = null;
		});
	}

	at(event) {
		const left = event.clientX - this.picture.getBoundingClientRect().left - this.place.left;
		return Math.min(Math.max(left / this.place.width, 0), 1) * WHOLE;
	}

	draw() {
		const {width, calls, errors} = facts.activity;
		const [from, to] = span.get();
		const most = Math.max(...calls, 1);
		const x = (ns) => this.place.left + (ns / WHOLE) * this.place.width;
		const frame = {x: x(from), width: Math.max(x(to) - x(from), 2)};
		this.picture.replaceChildren(
			drawn("text", {x: 4, y: 16}, "Calls over time"),
			drawn("text", {class: "dim", x: 4, y: 34}, `\u2264 ${number(most)} in ${duration(width)}`),
			drawn("path", {class: "bar", d: this.bars(calls, most, x)}),
			drawn("path", {class: "bad", d: this.bars(errors, most, x)}),
			drawn("rect", {class: "window", ...frame, y: 1, height: 44}),
		);
		this.drawScale(from, to);
	}

	bars(counts, most, x) {
		const {begin, width} = facts.activity;
		return counts.map((count, place) => {
			const since = begin + place * width;
			const wide = Math.max(x(Math.min(since + width, WHOLE)) - x(since), 1).toFixed(1);
			const high = (count && Math.max((count / most) * 40, 1.5)).toFixed(1);
			return count ? `M${x(since).toFixed(1)} 44v-${high}h${wide}v${high}z` : "";
		}).join("");
	}

	drawScale(from, to) {
		const {left, width} = this.place;
		const places = ticks(from, to, width / 90);
		const marks = places.map((ns, place) => {
			const x = left + ((ns - from) / (to - from)) * width;
			const anchor = x < left + 20 ? "start" : x > left + width - 20 ? "end" : "middle";
			return drawn("g", {},
				drawn("line", {class: "scale", x1: x, x2: x, y1: 14, y2: 20}),
				drawn("text", {x, y: 11, "text-anchor": anchor}, this.label(places, place)));
		});
		byId("axis").replaceChildren(...marks);
	}

	/* Where three digits would not tell one from the next, the first says when, and the others how long after it. */
	label(places, place) {
		const step = places[1] - places[0];
		if (!(places[places.length - 1] > 100 * step)) {
			return duration(places[place]);
		}
		return place ? `+${duration(places[place] - places[0])}` : moment(places[0], step);
	}
}
