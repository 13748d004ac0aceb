// Forms that run something: what lacks is said before, what the command finds wrong after.
import { type Child, h } from "./h";
import { CommandFailed, SessionEnded, StoreLocked } from "./client";
import { type Trouble, errorSummary } from "./parts";
import { answer as answerOf, mark, unmark } from "./fields";
import { capital } from "./words";

export type Answer = (name: string) => string;
export type Work = (answer: Answer, form: HTMLFormElement) => unknown;

export interface Submit {
    /** What is said when a question has no answer, by its name. */
    needed?: Readonly<Record<string, string>>;
    kind?: "primary" | "secondary" | "warning";
    /** Beside the button. */
    beside?: Child;
}

function complain(form: HTMLFormElement, troubles: readonly Trouble[]): void {
    form.querySelector(".govuk-error-summary")?.remove();
    const summary = errorSummary("There is a problem", troubles);
    form.prepend(summary);
    summary.focus();
}

/** Where on the form a problem belongs; commands name the field as the form does. */
function troubleOf(form: HTMLFormElement, field: string, words: string): Trouble {
    const known = field !== "" && mark(form, field, words);
    const at = known ? form.querySelector(`[data-field="${CSS.escape(field)}"] [id]:is(input,
        select, textarea)`)?.id : undefined;
    return at ? { words, at } : { words };
}

function problemsOf(form: HTMLFormElement, error: unknown): Trouble[] {
    if (error instanceof CommandFailed) {
        const problems = error.failure.problems ?? [];
        if (problems.length > 0) return problems.map((p) => troubleOf(form, p.field, p.text));
        return [{ words: capital(error.failure.text) }];
    }
    return [{ words: error instanceof Error ? error.message : String(error) }];
}

/** Runs work; a failure is shown at the head of the form, and marked where it belongs. */
async function work(form: HTMLFormElement, run: Work, submit: Submit): Promise<void> {
    form.querySelector(".govuk-error-summary")?.remove();
    unmark(form);
    const answer = (name: string) => answerOf(form, name);
    const lacking = Object.entries(submit.needed ?? {}).filter(([name]) => answer(name) === "");
    if (lacking.length > 0) {
        complain(form, lacking.map(([name, words]) => troubleOf(form, name, words)));
        return;
    }
    const pressed = [...form.querySelectorAll("button")];
    for (const b of pressed) b.setAttribute("aria-disabled", "true");
    form.setAttribute("aria-busy", "true");
    try {
        await run(answer, form);
    } catch (error) {
        if (error instanceof SessionEnded) location.reload();
        else if (!(error instanceof StoreLocked)) complain(form, problemsOf(form, error));
    } finally {
        form.removeAttribute("aria-busy");
        for (const b of pressed) b.removeAttribute("aria-disabled");
    }
}

/** A form with one button. While it works a second press does nothing. */
export function submitForm(
    questions: Child,
    label: Child,
    run: Work,
    submit: Submit = {},
): HTMLFormElement {
    const kind = submit.kind ?? "primary";
    const look = kind === "primary" ? "" : `.govuk-button--${kind}`;
    const form = h("form", {
        novalidate: true,
        autocomplete: "off",
        onsubmit: (event: Event) => {
            event.preventDefault();
            if (form.getAttribute("aria-busy") === "true") return;
            void work(form, run, submit);
        },
    },
        questions,
        h("div.govuk-button-group",
            h(`button.govuk-button${look}`, { type: "submit" }, label), submit.beside));
    return form;
}
