/* All of the page. */

function addAbout() {
	byId("about").append(...facts.about.map(([what, value]) =>
		element("div", {}, element("dt", {}, what), element("dd", {}, value))));
	if (facts.warning) {
		byId("warning").textContent = facts.warning;
		byId("warning").hidden = false;
	}
}

function addSearch(timeline) {
	const search = byId("search");
	const found = () => {
		const rows = tables.reduce((sum, table) => sum + table.found, 0);
		return `${number(rows)} rows, ${number(timeline.found)} processes`;
	};
	const tell = () => {
		if (search.value !== state.get("search")) {
			search.value = state.get("search");
		}
		byId("found").textContent = state.words().length ? found() : "";
	};
	search.addEventListener("input", () => state.set("search", search.value));
	search.form.addEventListener("submit", (event) => event.preventDefault());
	state.listeners.push(tell);
	tell();
}

/* They lead to their sections; the address keeps what it says. */
function addLinks() {
	for (const link of document.querySelectorAll("nav a")) {
		link.addEventListener("click", (event) => {
			event.preventDefault();
			byId(link.hash.slice(1)).scrollIntoView();
		});
	}
}

addAbout();
addLinks();
const timeline = new Timeline();
addLegend(byId("legend"));
byId("time").append(...notes("time"));
addTree();
addCalls();
new Histogram();
addLwps();
addErrors();
addDescriptors();
addSearch(timeline);
