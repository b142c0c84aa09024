// Switches the printer's faults on and off; each change is sent at once.

/** @typedef {Record<string, boolean | number | null>} Conduct */

const words = new Map([
  ["near_end", "Paper near its end"],
  ["rows_left", "Rows until the roll ends"],
  ["cover_open", "Cover open"],
  ["cutter_jammed", "Cutter jams"],
  ["overheated", "Overheated"],
  ["offline", "Offline"],
  ["silent", "Answers nothing"],
  ["real_time_only", "Answers DLE EOT, not GS r"],
  ["garbage", "Answers nonsense"],
  ["frozen", "Takes no bytes"],
  ["refuses", "Refuses connections"],
  ["reset_after_bytes", "Connection reset after bytes"],
  ["drain_bytes_a_second", "Prints bytes a second"],
  ["byte_delay_milliseconds", "Milliseconds between bytes"],
]);

const form = /** @type {HTMLFormElement} */ (document.getElementById("faults"));
const list = /** @type {HTMLElement} */ (document.getElementById("fault-list"));
const problem = /** @type {HTMLElement} */ (document.getElementById("fault-problem"));

form.addEventListener("change", () => void change(wanted()));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void change({});
});
void change(null);

/** @param {Conduct | null} conduct what to switch to; null only asks */
async function change(conduct) {
  const request = conduct && { method: "PUT", body: JSON.stringify(conduct) };
  const answer = await fetch("/conduct", request ?? undefined).catch(() => null);
  problem.textContent = answer?.ok ? "" : "The printer did not take this.";
  if (answer?.ok) show(await answer.json());
}

/** @param {{conduct: Conduct, switches: string[]}} told */
function show({ conduct, switches }) {
  form.replaceChildren(
    ...Object.entries(conduct).map(([name, value]) => field(name, value, switches.includes(name))),
    mend(),
  );
  const on = Object.entries(conduct).filter(([, value]) => value !== null && value !== false && value !== 0);
  if (conduct.rows_left === 0) on.push(["rows_left", 0]);
  list.textContent = on.map(([name]) => words.get(name) ?? name).join(" · ");
}

/** @param {string} name @param {boolean | number | null} value @param {boolean} isSwitch */
function field(name, value, isSwitch) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.name = name;
  input.type = isSwitch ? "checkbox" : "number";
  if (isSwitch) input.checked = value === true;
  else {
    input.min = "0";
    input.value = value === null ? "" : String(value);
  }
  label.append(input, words.get(name) ?? name);
  return label;
}

function mend() {
  const button = document.createElement("button");
  button.textContent = "Mend all";
  return button;
}

/** @returns {Conduct} what the form says now */
function wanted() {
  /** @type {Conduct} */
  const conduct = {};
  for (const input of form.querySelectorAll("input")) {
    if (input.type === "checkbox") conduct[input.name] = input.checked;
    else if (input.value !== "") conduct[input.name] = Number(input.value);
  }
  return conduct;
}
