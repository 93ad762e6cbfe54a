// Channels: elements (value, axis, index) joined by the axis maps into sets (union-find), sets with
// the same places into groups.
#include "pass/channels.h"

#include <stdlib.h>
#include <string.h>

#include "ir/axis_map.h"
#include "pass/channels_internal.h"

static uint32_t find_root(struct channel_links *links, uint32_t at)
{
    while (links->parent[at] != at)
        at = links->parent[at] = links->parent[links->parent[at]];
    return at;
}

uint32_t channel_root(const struct channel_links *links, uint32_t at)
{
    while (links->parent[at] != at)
        at = links->parent[at];
    return at;
}

// The smaller element stays the root, so that the result does not depend on the order.
static void join(struct channel_links *links, uint32_t a, uint32_t b)
{
    a = find_root(links, a);
    b = find_root(links, b);
    if (a < b)
        links->parent[b] = a;
    else
        links->parent[a] = b;
}

static bool has_elements(const struct tensor *tensor)
{
    return shape_is_static(&tensor->shape);
}

// 2^31 elements are far beyond any network; more are left out like unknown shapes.
enum { ELEMENTS_MAX = INT32_MAX };

static enum status number_elements(struct context *context, struct channel_links *links)
{
    const struct inference *inference = &links->inference;
    int64_t count = 0;

    links->base = arena_array(links->arena, uint32_t, inference->value_count + 1);
    for (uint32_t v = 0; v < inference->value_count; v++) {
        const struct shape *shape = &inference->of_value[v].shape;
        links->base[v] = (uint32_t)count;
        for (int a = 0; has_elements(&inference->of_value[v]) && a < shape->rank; a++) {
            count += shape->dim[a];
            if (shape->dim[a] > ELEMENTS_MAX || count > ELEMENTS_MAX)
                return context_fail(context, ERR_UNSUPPORTED, "too large for a look at channels");
        }
    }
    links->base[inference->value_count] = (uint32_t)count;
    links->count = (uint32_t)count;
    links->parent = arena_array(links->arena, uint32_t, (size_t)count + 1);
    links->reason = arena_array(links->arena, struct obstacle, (size_t)count + 1);
    links->is_marked = arena_array(links->arena, bool, (size_t)count + 1);
    for (uint32_t i = 0; i < links->count; i++)
        links->parent[i] = i;
    return OK;
}

uint32_t channel_element(const struct channel_links *links, struct value_id value, int axis)
{
    const struct shape *shape = &links->inference.of_value[value.at].shape;
    uint32_t at = links->base[value.at];

    for (int a = 0; a < axis; a++)
        at += (uint32_t)shape->dim[a];
    return at;
}

// ---- joining along the nodes
// ---------------------------------------------------------------------

static struct value_id end_value(const struct node *node, const struct axis_end *end)
{
    return end->side == AXIS_INPUT ? node->input[end->slot] : node->output[end->slot];
}

static void join_link(struct channel_links *links, const struct node *node,
                      const struct axis_link *link, bool *is_covered)
{
    uint32_t a =
        channel_element(links, end_value(node, &link->a), link->a.axis) + (uint32_t)link->first;
    uint32_t b =
        channel_element(links, end_value(node, &link->b), link->b.axis) + (uint32_t)link->offset;

    for (int64_t k = 0; k < link->count; k++)
        for (int64_t r = 0; r < link->repeat; r++) {
            uint32_t to = b + (uint32_t)(k * link->repeat + r);
            join(links, a + (uint32_t)k, to);
            is_covered[a + (uint32_t)k] = is_covered[to] = true;
        }
}

static void obstruct(struct channel_links *links, uint32_t at, enum obstacle_kind kind, uint32_t id)
{
    if (links->reason[at].kind == NO_OBSTACLE)
        links->reason[at] = (struct obstacle){kind, id};
}

static void obstruct_value(struct channel_links *links, struct value_id value,
                           const bool *is_covered, enum obstacle_kind kind, uint32_t id)
{
    uint32_t end = links->base[value.at + 1];

    for (uint32_t at = links->base[value.at]; at < end; at++)
        if (!is_covered || !is_covered[at])
            obstruct(links, at, kind, id);
}

static void clear_covered(const struct channel_links *links, bool *is_covered,
                          struct value_id value)
{
    memset(is_covered + links->base[value.at], 0,
           links->base[value.at + 1] - links->base[value.at]);
}

// What a node ties together, and what of its inputs and outputs it does not let go.
static enum status join_node(struct context *context, struct channel_links *links, uint32_t n,
                             bool *is_covered)
{
    const struct node *node = &links->graph->node[n];
    struct arena *arena = arena_new();
    struct axis_map map;
    struct op_call call;
    enum status status = OK;

    axis_map_init(&map, arena);
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]))
            clear_covered(links, is_covered, node->input[i]);
    if (!node->op->is_unknown && node->op->map_axes && inference_knows(&links->inference, node)) {
        inference_call(&links->inference, node, arena, &call);
        status = node->op->map_axes(context, &call, &map);
        for (int i = 0; i < map.count && status == OK; i++)
            join_link(links, node, &map.link[i], is_covered);
    }
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]))
            obstruct_value(links, node->input[i], is_covered, OBSTACLE_NODE, n);
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]))
            obstruct_value(links, node->output[i], is_covered, OBSTACLE_NODE, n);
    arena_free(arena);
    return status == OK ? OK : graph_fail_at(context, node, status);
}

static enum status join_all(struct context *context, struct channel_links *links)
{
    const struct graph *graph = links->graph;
    bool *is_covered = arena_array(links->arena, bool, (size_t)links->count + 1);

    for (uint32_t n = 0; n < graph->node_count; n++)
        TRY(join_node(context, links, n, is_covered));
    for (uint32_t i = 0; i < graph->input_count; i++)
        obstruct_value(links, graph->input[i], NULL, OBSTACLE_INPUT, graph->input[i].at);
    for (uint32_t i = 0; i < graph->output_count; i++)
        obstruct_value(links, graph->output[i], NULL, OBSTACLE_OUTPUT, graph->output[i].at);
    // What holds one element holds all that go with it.
    for (uint32_t at = 0; at < links->count; at++)
        if (links->reason[at].kind != NO_OBSTACLE)
            obstruct(links, find_root(links, at), links->reason[at].kind, links->reason[at].id);
    return OK;
}

// ---- groups
// --------------------------------------------------------------------------------------

// A set of places (value, axis), as a hash that does not depend on their order.
static uint64_t place_hash(uint32_t value, int axis)
{
    uint64_t hash = ((uint64_t)value << 8 | (unsigned)axis) + 0x9e3779b97f4a7c15u;

    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
    return hash ^ hash >> 31;
}

struct set {
    uint64_t places;
    uint32_t last_value, maker; // maker: the first node with weights that makes it
    int last_axis;
    bool has_weight;
};

// The weight that a node reads at a weight input of its operator, seen through DequantizeLinear.
static struct value_id read_weight(const struct graph *graph, const struct node *node, int i)
{
    struct value_id id = node->input[i];
    struct node_id producer;

    if (i >= 32 || !(node->op->weight_inputs >> i & 1) || !value_exists(id))
        return NO_VALUE;
    producer = graph_value(graph, id)->producer;
    if (node_exists(producer) && node_is(graph_node(graph, producer), "DequantizeLinear"))
        id = graph_node(graph, producer)->input[0];
    return graph_value(graph, id)->role == VALUE_WEIGHT &&
                   graph_value(graph, id)->tensor.shape.rank >= 2
               ? id
               : NO_VALUE;
}

// Per value: whether it is such a weight; per node: whether it has one.
static void note_weights(const struct graph *graph, bool *is_weight, bool *has_weight)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            struct value_id id = read_weight(graph, &graph->node[n], i);
            if (value_exists(id))
                is_weight[id.at] = has_weight[n] = true;
        }
}

static void gather_sets(struct channel_links *links, struct set *set)
{
    const struct graph *graph = links->graph;
    bool *is_weight = arena_array(links->arena, bool, (size_t)graph->value_count + 1);
    bool *has_weight = arena_array(links->arena, bool, (size_t)graph->node_count + 1);

    note_weights(graph, is_weight, has_weight);
    for (uint32_t i = 0; i < links->count; i++)
        set[i] = (struct set){0, UINT32_MAX, UINT32_MAX, -1, false};
    for (uint32_t v = 0; v < graph->value_count; v++) {
        const struct shape *shape = &links->inference.of_value[v].shape;
        struct node_id producer = graph->value[v].producer;
        bool is_made = node_exists(producer) && has_weight[producer.at];
        uint32_t at = links->base[v];
        for (int a = 0; at < links->base[v + 1] && a < shape->rank; a++)
            for (int64_t k = 0; k < shape->dim[a]; k++, at++) {
                struct set *of = &set[find_root(links, at)];
                if (of->last_value != v || of->last_axis != a)
                    of->places += place_hash(v, a);
                of->last_value = v;
                of->last_axis = a;
                of->has_weight |= is_weight[v];
                if (is_made && producer.at < of->maker)
                    of->maker = producer.at;
            }
    }
}

static const char *obstacle_text(struct channels *channels, struct obstacle obstacle)
{
    const struct graph *graph = channels->links->graph;
    const struct node *node = obstacle.kind == OBSTACLE_NODE ? &graph->node[obstacle.id] : NULL;

    if (node)
        return arena_format(channels->arena, "node '%s' (%s) needs all of them", node->name,
                            node->op->name);
    return arena_format(channels->arena, "they are the model's %s '%s'",
                        obstacle.kind == OBSTACLE_INPUT ? "input" : "output",
                        graph->value[obstacle.id].name);
}

// Roots that are channels of something, in order; a group each at most.
static uint32_t collect_roots(struct channel_links *links, const struct set *set)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < links->count; at++)
        count += set[at].has_weight && set[at].maker != UINT32_MAX;
    links->root = arena_array(links->arena, uint32_t, (size_t)count + 1);
    links->group_first = arena_array(links->arena, uint32_t, (size_t)count + 2);
    count = 0;
    for (uint32_t at = 0; at < links->count; at++)
        if (set[at].has_weight && set[at].maker != UINT32_MAX)
            links->root[count++] = at;
    return count;
}

static void open_group(struct channels *channels, const struct set *set)
{
    const struct node *node = &channels->links->graph->node[set->maker];

    channels->group[channels->count++] =
        (struct channel_group){.node = node->name, .op = node->op->name, .is_offered = true};
}

static void add_to_group(struct channels *channels, struct channel_group *group, uint32_t root)
{
    struct obstacle obstacle = channels->links->reason[root];

    group->count++;
    if (obstacle.kind == NO_OBSTACLE || !group->is_offered)
        return;
    group->is_offered = false;
    group->reason = obstacle_text(channels, obstacle);
}

// Roots are sorted by group, in the order of the groups' first ones.
static void make_groups(struct channels *channels, const struct set *set)
{
    struct channel_links *links = channels->links;
    uint32_t count = collect_roots(links, set);
    uint32_t *sorted = arena_array(links->arena, uint32_t, (size_t)count + 1);
    bool *is_taken = arena_array(links->arena, bool, (size_t)count + 1);
    uint32_t filled = 0;

    channels->group = arena_array(links->arena, struct channel_group, (size_t)count + 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct set *first = &set[links->root[i]];
        if (is_taken[i])
            continue;
        links->group_first[channels->count] = filled;
        open_group(channels, first);
        for (uint32_t k = i; k < count; k++)
            if (!is_taken[k] && set[links->root[k]].places == first->places) {
                is_taken[k] = true;
                sorted[filled++] = links->root[k];
                add_to_group(channels, &channels->group[channels->count - 1], links->root[k]);
            }
    }
    links->group_first[channels->count] = filled;
    links->root = sorted;
}

// One channel of each group is cut for a try: constant shapes may not follow.
static void try_group(struct channels *channels, int g)
{
    struct channel_group *group = &channels->group[g];
    struct graph *clone = graph_clone(channels->links->graph);
    struct context quiet;

    context_init(&quiet);
    channels_unmark_all(channels);
    channels_mark(channels, g, 0);
    if (channels_try(&quiet, channels, clone) != OK) {
        group->is_offered = false;
        group->reason = arena_copy_text(channels->arena, quiet.error);
    }
    channels_unmark_all(channels);
    graph_free(clone);
}

static void settle_groups(struct channels *channels)
{
    for (int g = 0; g < channels->count; g++) {
        struct channel_group *group = &channels->group[g];
        if (group->is_offered && group->count < 2) {
            group->is_offered = false;
            group->reason = "there is only one";
        }
        if (group->is_offered)
            try_group(channels, g);
        channels->offered += group->is_offered;
    }
}

enum status channels_find(struct context *context, const struct graph *graph,
                          const struct infer_options *options, struct channels *out)
{
    struct arena *arena = arena_new();
    struct channel_links *links = arena_alloc(arena, sizeof *links);
    struct set *set;
    enum status status;

    *out = (struct channels){.arena = arena, .links = links};
    links->arena = arena;
    links->graph = graph;
    if (options)
        links->options = *options;
    links->options.is_lenient = true;
    status = graph_infer(context, graph, &links->options, &links->inference);
    if (status == OK)
        status = number_elements(context, links);
    if (status == OK)
        status = join_all(context, links);
    if (status != OK) {
        channels_clear(out);
        return status;
    }
    set = must_alloc(((size_t)links->count + 1) * sizeof *set);
    gather_sets(links, set);
    make_groups(out, set);
    free(set);
    settle_groups(out);
    return OK;
}

void channels_clear(struct channels *channels)
{
    if (!channels->arena)
        return;
    inference_clear(&channels->links->inference);
    arena_free(channels->arena);
    *channels = (struct channels){.arena = NULL};
}

void channels_untie(struct graph *graph)
{
    uint32_t count = graph->value_count;
    bool *is_used = must_alloc((size_t)count + 1);

    memset(is_used, 0, count);
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            struct value_id id = graph->node[n].input[i];
            const struct value *value =
                value_exists(id) && id.at < count ? &graph->value[id.at] : NULL;
            struct tensor copy;
            if (!value || value->role != VALUE_WEIGHT || value->tensor.shape.rank != 1 ||
                !dtype_info[value->tensor.dtype].is_float)
                continue;
            if (!is_used[id.at]) {
                is_used[id.at] = true;
                continue;
            }
            tensor_share(&copy, &value->tensor);
            graph_set_input(graph, (struct node_id){n}, i,
                            graph_add_weight(graph, value->name, copy));
        }
    free(is_used);
}

void channels_mark(struct channels *channels, int group, int64_t index)
{
    const struct channel_links *links = channels->links;

    links->is_marked[links->root[links->group_first[group] + (uint32_t)index]] = true;
}

void channels_unmark_all(struct channels *channels)
{
    memset(channels->links->is_marked, 0, channels->links->count * sizeof(bool));
}
