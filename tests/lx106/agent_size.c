/* Its symbol is as large as what a port must give the agent. */
#include "fota_agent.h"

extern char agent_size[];
char agent_size[sizeof(struct fota_agent)];
