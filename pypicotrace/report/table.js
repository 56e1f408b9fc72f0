/*
 * A table that is sorted by its heads, and shows those rows that have all the words that are looked for.
 *
 * A column has a name (as in the page's address), a head, the value that a row is sorted by, and what is shown, if that
 * is not the same: text, or an element. Values that are text are searched, and numbers that are to be found.
 */

const ROWS_MAX = 100;

class Table {
	constructor(id, columns, rows, first) {
		this.id = id;
		this.columns = columns;
		this.rows = rows.map((row) => [row, this.searched(row)]);
		this.first = first;
		this.shown = ROWS_MAX;
		this.body = element("tbody");
		this.more = element("button", {type: "button", onclick: () => this.showMore()});
		this.heads = columns.map((column) => this.head(column));
		const head = element("thead", {}, element("tr", {}, ...this.heads));
		const table = element("table", {"aria-label": id}, head, this.body);
		this.made = element("div", {}, element("div", {class: "scrolled"}, table), this.more);
		state.listeners.push(() => this.draw());
		this.draw();
	}

	searched(row) {
		return this.columns.filter((column) => !column.number || column.found)
			.map((column) => column.value(row)).join("\n").toLowerCase();
	}

	head(column) {
		const attributes = {type: "button", title: column.hint || null, onclick: () => this.sort(column)};
		const button = element("button", attributes, column.head);
		return element("th", {scope: "col", class: column.number ? "number" : null}, button);
	}

	key() {
		return this.id === "calls" ? "sort" : `${this.id}-sort`;
	}

	/* A name alone: numbers from the greatest on, text from A; with "-" the other way round. */
	order() {
		const said = state.get(this.key(), this.first);
		const reversed = said.startsWith("-");
		const name = reversed ? said.slice(1) : said;
		return [this.columns.find((column) => column.name === name) || this.columns[0], reversed];
	}

	sort(column) {
		const [sorted, reversed] = this.order();
		const said = sorted === column && !reversed ? `-${column.name}` : column.name;
		state.set(this.key(), said === this.first ? "" : said);
	}

	sorted(found) {
		const [column, reversed] = this.order();
		const sign = (column.number ? -1 : 1) * (reversed ? -1 : 1);
		return found.map((row, place) => [column.value(row), place, row])
			.sort(([a, i], [b, j]) => (a < b ? -sign : a > b ? sign : i - j)).map(([, , row]) => row);
	}

	draw() {
		const asked = JSON.stringify([state.words(), state.get(this.key()), this.shown]);
		if (asked !== this.asked) {
			this.asked = asked;
			this.drawRows();
			this.drawHeads();
		}
	}

	drawRows() {
		const words = state.words();
		const found = this.rows.filter(([, text]) => matches(text, words)).map(([row]) => row);
		this.found = found.length;
		const shown = this.sorted(found).slice(0, this.shown);
		this.body.replaceChildren(...shown.map((row) => this.row(row)));
		if (!found.length) {
			const none = this.rows.length ? "None has what is looked for." : "None.";
			const cell = element("td", {colspan: this.columns.length, class: "none"}, none);
			this.body.append(element("tr", {}, cell));
		}
		this.more.hidden = found.length <= this.shown;
		this.more.textContent = `Show more: ${number(found.length - this.shown)}`;
	}

	drawHeads() {
		const [sorted, reversed] = this.order();
		this.columns.forEach((column, place) => {
			const up = Boolean(column.number) === reversed;
			const how = column === sorted ? (up ? "ascending" : "descending") : "none";
			this.heads[place].setAttribute("aria-sort", how);
		});
	}

	row(row) {
		return element("tr", {}, ...this.columns.map((column) => {
			const value = column.value(row);
			const shown = column.shown ? column.shown(row) : column.number ? number(value) : value;
			return element("td", {class: column.number ? "number" : null}, shown);
		}));
	}

	showMore() {
		this.shown += 10 * ROWS_MAX;
		this.draw();
	}
}
