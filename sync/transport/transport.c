#include "sync/transport/transport.h"

#include <string.h>

void dbk_transport_close(dbk_transport *t)
{
    if (t->ops != NULL)
        t->ops->close(t->self);
    memset(t, 0, sizeof(*t));
}
