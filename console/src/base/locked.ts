// Pages that show nothing of the store: there is no session, or it is locked.
import { unlock } from "./client";
import { type Child, h } from "./h";
import { heading, inset, para } from "./parts";
import { submitForm } from "./submit";

/** The browser has no session: only the program's own link makes one. */
export function sessionPage(): Child {
    return [
        heading(1, "Open Daybook from its program"),
        para("This browser has no session with Daybook, or its session has ended."),
        inset("Run ", h("code", "daybook console"), " in a terminal on this machine, and open ",
            "the link that it prints. The link works once, within five minutes."),
    ];
}

export function gonePage(): Child {
    return [
        heading(1, "Daybook isn't running any more"),
        para("The program that served this page doesn't answer. What was saved is in the store; ",
            "nothing is kept in this browser."),
        inset("Run ", h("code", "daybook console"), " in a terminal on this machine, and open ",
            "the link that it prints."),
    ];
}

/** Asks for the passphrase; `opened` is called when the store is open. `typed`: this page has words
 * that came too late to be kept. */
export function lockedPage(opened: () => unknown, typed = false): Child {
    const input = h("input.govuk-input.govuk-input--width-20", {
        id: "passphrase", name: "passphrase", type: "password", autocomplete: "off",
        spellcheck: "false", autocapitalize: "none",
    });
    const question = h("div.govuk-form-group", { "data-field": "passphrase" },
        h("label.govuk-label.govuk-label--s", { for: "passphrase" }, "Passphrase"), input);
    const form = submitForm(question, "Unlock", async () => {
        const passphrase = input.value;
        input.value = "";
        const wrong = await unlock(passphrase);
        if (wrong !== null) throw new Error(wrong);
        await opened();
    });
    return [
        heading(1, "Daybook is locked"),
        para("Nothing can be read on this device until you type your passphrase."),
        typed ? inset("The last words that you typed came after it was locked. Unlock it on this ",
            "page to keep them: don't close it.") : null,
        form,
    ];
}
