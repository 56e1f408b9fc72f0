/* Elements, and numbers in words. Text is only ever put in as text: what a recording has is nobody's HTML. */
"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const byId = (id) => document.getElementById(id);
const SVG = byId("overview").namespaceURI;

function filled(made, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) {
			made.addEventListener(name.slice(2), value);
		} else if (value !== false && value !== null) {
			made.setAttribute(name, value === true ? "" : value);
		}
	}
	made.append(...children);
	return made;
}

const element = (name, attributes = {}, ...children) =>
	filled(document.createElement(name), attributes, children);
const drawn = (name, attributes = {}, ...children) =>
	filled(document.createElementNS(SVG, name), attributes, children);

const number = (value) => value.toLocaleString("en-US");
const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "\u00b5s"], [1, "ns"]];

/* Three digits that count, without noughts that do not. */
function duration(ns) {
	const [size, unit] = UNITS.find(([least]) => ns >= least) || UNITS[3];
	const value = ns / size;
	const digits = value >= 100 || size === 1 ? 0 : value >= 10 ? 1 : 2;
	return `${value >= 1000 ? number(Math.round(value)) : value.toFixed(digits)}\u00a0${unit}`;
}

/* When something is, told apart from what is a step away. */
function moment(ns, step) {
	const [size, unit] = UNITS.find(([least]) => ns >= least) || UNITS[3];
	const digits = Math.max(Math.ceil(Math.log10(size / step)), 0);
	const shape = {minimumFractionDigits: digits, maximumFractionDigits: digits};
	return `${(ns / size).toLocaleString("en-US", shape)}\u00a0${unit}`;
}

/* Round values from one to another, so many at most: 1, 2 or 5 times a power of ten apart. */
function ticks(from, to, most) {
	const least = (to - from) / most;
	const power = 10 ** Math.floor(Math.log10(least));
	const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= least);
	const found = [];
	for (let place = Math.ceil(from / step); place * step <= to; place++) {
		found.push(place * step);
	}
	return found;
}

const notes = (section) =>
	(facts.left[section] || []).map((line) => element("p", {class: "note"}, line));
