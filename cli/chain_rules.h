// The subcommands' tables as chains (chain/chain.h) ask for them.
#ifndef CLI_CHAIN_RULES_H
#define CLI_CHAIN_RULES_H

#include "chain/chain.h"

extern const struct chain_rules command_rules;

#endif
