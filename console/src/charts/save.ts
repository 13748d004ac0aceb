// A table of a page as a file for a spreadsheet.

/** RFC 4180, each cell in quotes; one that a spreadsheet would take for a formula is made text. */
export function csvOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
    const cell = (text: string) =>
        `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;
    return [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export function saveTable(
    name: string,
    head: readonly string[],
    rows: readonly (readonly string[])[],
): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(head, rows)], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
