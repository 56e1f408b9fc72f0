/* What tables there are, and what is in them. */

const texts = (name, head, place, more = {}) => ({name, head, value: (row) => row[place], ...more});
const numbers = (name, head, value, more = {}) => ({name, head, number: true, value, ...more});
const counts = (name, head, place, more = {}) => numbers(name, head, (row) => row[place], more);
const times = (name, head, value, more = {}) =>
	numbers(name, head, value, {shown: (row) => duration(value(row)), ...more});
/* Ids are searched, and have no separators. */
const ids = (name, head, value) =>
	numbers(name, head, value, {found: true, shown: (row) => String(value(row) || "")});
const tables = [];

function addTable(section, id, columns, rows, first, where = byId(section)) {
	const table = new Table(id, columns, rows, first);
	where.append(table.made, ...notes(id));
	tables.push(table);
}

function addTree() {
	const parent = (row) => facts.processes[row[PROCESS.parent]];
	addTable("time", "processes", [
		ids("pid", "Pid", (row) => row[PROCESS.pid]),
		ids("parent", "Parent", (row) => (parent(row) ? parent(row)[PROCESS.pid] : 0)),
		{
			name: "program", head: "Programs",
			value: (row) => row[PROCESS.names].map(([, name]) => named(name)).join(" \u2192 "),
		},
		times("begin", "Begin", (row) => row[PROCESS.begin]),
		times("lived", "Lived", (row) => row[PROCESS.end] - row[PROCESS.begin]),
		numbers("lwps", "LWPs", (row) => row[PROCESS.lwps].length),
		counts("calls", "Calls", PROCESS.calls),
		counts("errors", "Errors", PROCESS.errors),
		texts("end", "End", PROCESS.how),
	], facts.processes, "-begin", byId("tree"));
}

function addCalls() {
	const show = (row) => {
		state.set("call", callName(row));
		byId("latency").scrollIntoView();
	};
	const name = (row) => element("button", {
		type: "button", class: "link", title: "Show how long it took", onclick: () => show(row),
	}, row[CALL.name]);
	const known = (key, head, value, hint) =>
		numbers(key, head, value, {hint, shown: (row) => (row[CALL.timed] ? duration(value(row)) : "")});
	const columns = [
		texts("name", "Call", CALL.name, {shown: name}),
		texts("abi", "ABI", CALL.abi),
		counts("count", "Count", CALL.count),
		counts("errors", "Errors", CALL.errors),
		numbers("open", "No exit", (row) => row[CALL.count] - row[CALL.returned],
			{hint: "Those whose exit is not in the trace"}),
		known("total", "Total", (row) => row[CALL.total], "Of those that were seen to begin and end"),
		known("mean", "Mean", (row) => row[CALL.total] / Math.max(row[CALL.timed], 1)),
		known("p50", "p50", (row) => row[CALL.p50], "Half of them took no longer; to 3 %"),
		known("p99", "p99", (row) => row[CALL.p99], "99 of 100 took no longer; to 3 %"),
		known("max", "Max", (row) => row[CALL.most]),
		numbers("latency", "Latency", (row) => row[CALL.p50], {
			shown: (row) => line(row[CALL.bars]),
			hint: "How often it took how long; the scale is logarithmic, and the same for all",
		}),
	];
	const open = facts.calls.some((row) => row[CALL.count] !== row[CALL.returned]);
	const left = new Set([...(severalAbis ? [] : ["abi"]), ...(open ? [] : ["open"])]);
	addTable("calls", "calls", columns.filter((column) => !left.has(column.name)), facts.calls, "total");
}

function addLwps() {
	const rows = facts.processes.flatMap((process) => process[PROCESS.lwps].map((lwp) => [process, lwp]));
	const lived = ([, lwp]) => lwp[LWP.end] - lwp[LWP.begin];
	const part = (row) => row[1][LWP.inside] / (lived(row) || 1);
	const picture = (row) => drawn("svg", {
		class: "part", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img",
		"aria-label": `${Math.round(part(row) * 100)} % in the kernel`,
	},
	drawn("rect", {class: "out", width: 100, height: 10}),
	drawn("rect", {class: "bar", width: part(row) * 100, height: 10}));
	addTable("lwps", "lwps", [
		{name: "program", head: "Program", value: ([process]) => named(lastName(process))},
		ids("pid", "Pid", ([process]) => process[PROCESS.pid]),
		ids("lwp", "LWP", ([, lwp]) => lwp[LWP.lwp]),
		times("begin", "Begin", ([, lwp]) => lwp[LWP.begin]),
		times("lived", "Lived", lived),
		times("in", "In", ([, lwp]) => lwp[LWP.inside]),
		times("out", "Out", (row) => lived(row) - row[1][LWP.inside]),
		numbers("part", "In the kernel", part, {shown: picture}),
		numbers("calls", "Calls", ([, lwp]) => lwp[LWP.calls]),
		numbers("errors", "Errors", ([, lwp]) => lwp[LWP.errors]),
	], rows, "lived");
}

function addErrors() {
	const what = [texts("program", "Program", 0), texts("call", "Call", 1), texts("error", "Error", 2)];
	const often = [
		counts("count", "Count", 3),
		times("first", "First", (row) => row[4]),
		times("last", "Last", (row) => row[5]),
	];
	const address = texts("address", "Address of the path", 6);
	addTable("errors", "errors", [...what, ...often], facts.errors, "count");
	byId("names").textContent = facts.names;
	addTable("paths", "paths", [...what, address, ...often], facts.paths, "count");
}

function addDescriptors() {
	const made = (row) =>
		(row[2] ? `${row[2]} by ${named(row[3])} at ${duration(row[5])}, event ${number(row[4])}` : "");
	addTable("descriptors", "descriptors", [
		texts("program", "Program", 0),
		numbers("fd", "Descriptor", (row) => row[1], {shown: (row) => String(row[1])}),
		{name: "made", head: "Made by", value: made},
		counts("reads", "Reads", 6),
		counts("read", "Bytes read", 7),
		counts("writes", "Writes", 8),
		counts("written", "Bytes written", 9),
	], facts.descriptors, "read");
}
