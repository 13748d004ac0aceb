/* Finds the command and sorts its arguments; see cli/args.h. */
#include "cli/args.h"

#include <string.h>

#include "cli/nearest.h"
#include "core/base/text.h"

/* Words of a two-word name that argv must begin with: 0 when they don't match. */
static size_t name_matches(const char *name, size_t argc, char *const *argv)
{
    const char *space = strchr(name, ' ');
    size_t first = space == NULL ? strlen(name) : (size_t)(space - name);
    if (argc == 0 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
        return 0;
    if (space == NULL)
        return 1;
    return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

const cli_command *cli_command_find(size_t *words, size_t argc, char *const *argv)
{
    const cli_command *best = NULL;
    *words = 0;
    for (const cli_command *c = cli_commands; c->name != NULL; c++) {
        size_t n = name_matches(c->name, argc, argv);
        if (n > *words) {
            *words = n;
            best = c;
        }
    }
    return best;
}

static size_t option_index(const cli_command *command, const char *name, size_t len)
{
    size_t i = 0;
    for (; command->options != NULL && command->options[i].name != NULL; i++)
        if (strlen(command->options[i].name) == len &&
            strncmp(command->options[i].name, name, len) == 0)
            return i;
    return SIZE_MAX;
}

static dbk_rc no_option(const cli_command *command, const char *given, dbk_err *err)
{
    cli_nearest near;
    cli_nearest_begin(&near, given);
    for (const cli_option *o = command->options; o != NULL && o->name != NULL; o++)
        cli_nearest_offer(&near, o->name);
    return dbk_fail(err, DBK_USAGE, "%s has no option %.60s%s", command->name, out_safe_str(given),
                    near.best == NULL ? "; see --help" : cli_nearest_words(&near));
}

/* One "--name", "--name VALUE" or "--name=VALUE"; *used is the number of arguments taken. */
static dbk_rc take_option(cli_args *a, size_t *used, size_t argc, char *const *argv, dbk_err *err)
{
    const char *equals = strchr(argv[0], '=');
    size_t len = equals == NULL ? strlen(argv[0]) : (size_t)(equals - argv[0]);
    size_t i = option_index(a->command, argv[0], len);
    if (i == SIZE_MAX)
        return no_option(a->command, argv[0], err);
    const cli_option *o = &a->command->options[i];
    const char *value = "";
    *used = 1;
    if (o->value == NULL && equals != NULL)
        return dbk_fail(err, DBK_USAGE, "%s takes no value", o->name);
    if (o->value != NULL && equals != NULL) {
        value = equals + 1;
    } else if (o->value != NULL) {
        if (argc < 2)
            return dbk_fail(err, DBK_USAGE, "%s needs a value: %s", o->name, o->value);
        value = argv[1];
        *used = 2;
    }
    cli_values *values = &a->options[i];
    if (values->count == CLI_REPEATS_MAX)
        return dbk_fail(err, DBK_USAGE, "%s is given more than %u times", o->name, CLI_REPEATS_MAX);
    values->rows[values->count++] = value;
    return DBK_OK;
}

dbk_rc cli_args_parse(cli_args *a, size_t argc, char *const *argv, dbk_err *err)
{
    bool only_positional = false;
    for (size_t i = 0; i < argc;) {
        size_t used = 1;
        if (!only_positional && strcmp(argv[i], "--") == 0) {
            only_positional = true;
        } else if (!only_positional && strncmp(argv[i], "--", 2) == 0) {
            dbk_rc rc = take_option(a, &used, argc - i, argv + i, err);
            if (rc != DBK_OK)
                return rc;
        } else {
            if (a->count == CLI_POSITIONAL_MAX)
                return dbk_fail(err, DBK_USAGE, "more than %u arguments", CLI_POSITIONAL_MAX);
            a->positional[a->count++] = argv[i];
        }
        i += used;
    }
    if (a->count < a->command->args_min || a->count > a->command->args_max)
        return dbk_fail(err, DBK_USAGE, "usage: daybook %s %s", a->command->name, a->command->args);
    return DBK_OK;
}

const cli_values *cli_option_values(const cli_args *a, const char *name)
{
    size_t i = option_index(a->command, name, strlen(name));
    DBK_ASSERT(i != SIZE_MAX); /* a command only asks for options of its own table */
    return &a->options[i];
}

const char *cli_option_value(const cli_args *a, const char *name)
{
    const cli_values *values = cli_option_values(a, name);
    return values->count == 0 ? NULL : values->rows[values->count - 1];
}

bool cli_option_given(const cli_args *a, const char *name)
{
    return cli_option_values(a, name)->count > 0;
}

dbk_rc cli_limit_read(uint64_t *limit, const cli_args *a, dbk_err *err)
{
    const char *text = cli_option_value(a, "--limit");
    if (text != NULL && dbk_u64_parse(limit, dbk_span_str(text), NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE, "--limit is a number");
    return DBK_OK;
}
