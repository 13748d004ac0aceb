/* A relay that was restored from a backup: org recover-log. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

static void print_space(cli *c, const dbk_recovery_space *s)
{
    if (!s->held) {
        out_text("  space %s: this device is not in it; its members' devices check it\n",
                 cli_short_id(&s->space));
        return;
    }
    out_text("  %s: ", cli_space_name(c, &s->space));
    if (s->contradicts)
        out_text("! what the relay claims was never so. That is no restore: keep this device, and "
                 "find out who runs the relay\n");
    else if (s->lost == 0)
        out_text("the relay has all that is here (%llu parcel%s)\n", (unsigned long long)s->kept,
                 cli_plural(s->kept));
    else
        out_text("the relay has %llu parcel%s; %llu of %zu device%s, received %s to %s, will be "
                 "sent again\n",
                 (unsigned long long)s->kept, cli_plural(s->kept), (unsigned long long)s->lost,
                 s->lost_devices, cli_plural(s->lost_devices), cli_time((int64_t)s->lost_from_ms),
                 cli_time((int64_t)s->lost_to_ms));
}

static void print_plan(cli *c, const dbk_recovery_plan *plan)
{
    out_text("The relay was restored from a backup. Its operator says: \"%s\"\n",
             out_safe_str(plan->why));
    if (plan->given_back > 0)
        out_text("This device gave back %llu part%s of what it had lost.\n",
                 (unsigned long long)plan->given_back, cli_plural(plan->given_back));
    for (size_t i = 0; i < plan->spaces_count; i++)
        print_space(c, &plan->spaces[i]);
    out_text("%zu of %zu devices have synced since.\n", plan->heard, plan->members);
    for (size_t i = 0; i < plan->silent_count; i++)
        out_text("! Not yet: %s, an administrator's. What only it knows of the membership would be "
                 "lost\n",
                 cli_device_name(c, &plan->silent[i]));
    if (plan->done)
        out_text("Signed: the relay goes on. Everybody's next sync sends again what is missing.\n");
    else if (plan->contradictions == 0)
        out_text("Nothing was signed. To let the relay go on: daybook org recover-log --apply\n");
}

static json_t *spaces_json(cli *c, const dbk_recovery_plan *plan)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < plan->spaces_count; i++) {
        const dbk_recovery_space *s = &plan->spaces[i];
        char hex[DBK_ID_HEX_SIZE];
        dbk_id_hex(hex, &s->space);
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:o, s:o}", "space", hex, "name",
                            s->held ? cli_space_name(c, &s->space) : "", "held", (int)s->held,
                            "contradicts", (int)s->contradicts, "kept", (json_int_t)s->kept, "lost",
                            (json_int_t)s->lost, "lost_devices", (json_int_t)s->lost_devices,
                            "lost_from", cli_time_json((int64_t)s->lost_from_ms), "lost_to",
                            cli_time_json((int64_t)s->lost_to_ms)));
    }
    return rows;
}

static dbk_rc print_json(cli *c, const dbk_recovery_plan *plan, dbk_err *err)
{
    json_t *silent = json_array();
    for (size_t i = 0; i < plan->silent_count; i++) {
        char hex[DBK_ID_HEX_SIZE];
        dbk_id_hex(hex, &plan->silent[i]);
        (void)json_array_append_new(silent, json_string(hex));
    }
    return out_json_take(json_pack("{s:s, s:o, s:I, s:I, s:o, s:I, s:b}", "why",
                                   out_safe_str(plan->why), "spaces", spaces_json(c, plan),
                                   "devices", (json_int_t)plan->members, "heard",
                                   (json_int_t)plan->heard, "silent", silent, "given_back",
                                   (json_int_t)plan->given_back, "signed", (int)plan->done),
                         err);
}

dbk_rc cmd_org_recover_log(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_recovery_plan plan = { 0 };
    dbk_err why = { 0 };
    const dbk_recovery_opts opts = { .sign = cli_option_given(a, "--apply"),
                                     .anyway = cli_option_given(a, "--anyway") };
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_driver_recover(c->book, &t, &plan, &opts, &why);
    if (plan.spaces_count > 0 && c->format == OUT_JSON && rc == DBK_OK)
        rc = print_json(c, &plan, err);
    else if (plan.spaces_count > 0 && c->format != OUT_JSON)
        print_plan(c, &plan);
    if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", why.text);
    dbk_recovery_plan_wipe(&plan);
    dbk_transport_close(&t);
    return rc;
}
