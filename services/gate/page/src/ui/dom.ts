/** Elements without a framework: attributes, listeners, children. Text is text: nothing is ever parsed as HTML. */
export type Child = Node | string | null | false | undefined;
type Value = string | number | boolean | null | undefined | ((event: Event) => void);

const SVG = "http://www.w3.org/2000/svg";

export function h(tag: string, given: Readonly<Record<string, Value>> = {}, ...children: readonly Child[]): HTMLElement {
  const made = document.createElement(tag);
  put(made, given);
  append(made, children);
  return made;
}

export function svg(tag: string, given: Readonly<Record<string, Value>> = {}, ...children: readonly Child[]): SVGElement {
  const made = document.createElementNS(SVG, tag);
  put(made, given);
  append(made, children);
  return made;
}

function put(element: Element, given: Readonly<Record<string, Value>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== null && child !== false && child !== undefined) element.append(child);
}

/** A button; `kind` is its look. */
export function button(
  label: Child | readonly Child[], act: () => void, given: Readonly<Record<string, Value>> = {},
): HTMLElement {
  const children = Array.isArray(label) ? (label as readonly Child[]) : [label as Child];
  return h("button", { type: "button", ...given, click: () => { act(); } }, ...children);
}

/** A choice of one among few, as pressed buttons. */
export function choice<T extends string>(
  label: string, options: readonly (readonly [T, string])[], chosen: T | null, choose: (value: T) => void, id?: string,
): HTMLElement {
  const box = h("div", { class: "choice", role: "group", "aria-label": label, id });
  for (const [value, words] of options) {
    box.append(button(words, () => { choose(value); }, { "aria-pressed": String(value === chosen), "data-value": value }));
  }
  return box;
}
