/* What is looked for and how tables are sorted stands in the page's address, so that it can be kept and sent. */

const state = {
	said: new URLSearchParams(),
	listeners: [],

	read() {
		const text = location.hash.slice(1);
		/* Without a "=" it is a section's name. */
		state.said = new URLSearchParams(text.includes("=") ? text : "");
	},

	get(name, otherwise = "") {
		return state.said.get(name) || otherwise;
	},

	/* An empty value is none. */
	set(name, value) {
		if (value) {
			state.said.set(name, value);
		} else {
			state.said.delete(name);
		}
		const text = state.said.toString();
		try {
			history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
		} catch {
			/* Some browsers allow so many changes in a while; the address is right again after the next one. */
		}
		state.tell();
	},

	tell() {
		for (const listener of state.listeners) {
			listener();
		}
	},

	/* The words that are looked for. */
	words: () => state.get("search").toLowerCase().split(/\s+/).filter(Boolean),
};

const matches = (text, words) => words.every((word) => text.includes(word));

state.read();
addEventListener("hashchange", () => {
	state.read();
	state.tell();
});
