// A column for each month, as SVG made of elements. There is no library for it: those that draw
// SVG set markup or inline styles, which the console's policy forbids, and a column is a rectangle.
import { type Child, append, visible } from "../base/h";

export interface Column {
    label: string;
    /** Below the label, where it differs from the column before: the year. */
    group?: string;
    value: number;
}

const svgNames = "http://www.w3.org/2000/svg";
const height = 240;
const margin = { top: 24, right: 8, bottom: 44, left: 44 };

function s(tag: string, attributes: Readonly<Record<string, string | number>>, ...inside: Child[]) {
    const element = document.createElementNS(svgNames, tag);
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, String(value));
    }
    append(element, ...inside);
    return element;
}

/** From 0 to at least `most`, in at most five whole steps of 1, 2 or 5 times a power of 10. */
export function stepsTo(most: number): number[] {
    let step = 1;
    for (let power = 1; Math.ceil(most / step) > 5; power *= 10) {
        for (const times of [1, 2, 5]) {
            step = power * times;
            if (Math.ceil(most / step) <= 5) break;
        }
    }
    const count = Math.max(1, Math.ceil(most / step));
    return Array.from({ length: count + 1 }, (_, i) => i * step);
}

export interface Chart {
    /** What it shows, for whoever doesn't see it; the numbers are in a table beside it. */
    words: string;
    /** About as wide as it will stand, so that its letters are as large as those around. */
    width: number;
    /** The scale goes at least so far: charts side by side are compared. */
    most?: number;
}

export function columnChart(chart: Chart, columns: readonly Column[]): Child {
    const { words, width } = chart;
    const steps = stepsTo(Math.max(chart.most ?? 0, ...columns.map((c) => c.value)));
    const top = steps[steps.length - 1] ?? 1;
    const inner = { w: width - margin.left - margin.right,
        h: height - margin.top - margin.bottom };
    const y = (value: number) => margin.top + inner.h * (1 - value / top);
    const slot = inner.w / Math.max(1, columns.length);
    // Where columns are narrow, every second or third is named; each is in the table.
    const every = Math.ceil(34 / slot);
    const grid = steps.map((value) => [
        s("line", { class: "daybook-chart__grid", x1: margin.left, x2: width - margin.right,
            y1: y(value), y2: y(value) }),
        s("text", { class: "daybook-chart__text", x: margin.left - 8, y: y(value) + 5,
            "text-anchor": "end" }, value.toLocaleString("en-GB")),
    ]);
    const text = (x: number, at: number, words: Child, more = "", anchor = "middle") =>
        s("text", { class: `daybook-chart__text ${more}`, x, y: at, "text-anchor": anchor },
            words);
    /** A year is named at its first month, unless it is shorter than its own name. */
    const begins = (c: Column, i: number) => c.group !== columns[i - 1]?.group &&
        columns.filter((other) => other.group === c.group).length * slot > 40;
    const bars = columns.map((c, i) => {
        const x = margin.left + slot * i;
        const middle = x + slot / 2;
        return [
            s("rect", { class: "daybook-chart__bar", x: x + slot * 0.12, width: slot * 0.76,
                y: y(c.value), height: Math.max(0, y(0) - y(c.value)) },
            s("title", {}, `${c.label} ${c.group ?? ""}: ${c.value.toLocaleString("en-GB")}`)),
            c.value > 0 && every === 1 ? text(middle, y(c.value) - 6, c.value) : null,
            i % every === 0 ? text(middle, height - margin.bottom + 18, c.label) : null,
            begins(c, i) ? text(x + 2, height - 6, c.group, "daybook-chart__text--group",
                "start") : null,
        ];
    });
    return s("svg", { class: "daybook-chart", viewBox: `0 0 ${width} ${height}`, role: "img",
        "aria-label": visible(words) }, grid, bars);
}

/** One bar of a table, as long as its part of the longest. */
export function bar(value: number, longest: number): Child {
    const part = longest > 0 ? Math.min(1, value / longest) : 0;
    return s("svg", { class: "daybook-bar", viewBox: "0 0 100 10", preserveAspectRatio: "none",
        "aria-hidden": "true" },
    s("rect", { class: "daybook-chart__bar", x: 0, y: 0, width: part * 100, height: 10 }));
}
