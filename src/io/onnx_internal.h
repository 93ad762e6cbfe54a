// What the files of the ONNX reader and writer share: field numbers of onnx.proto, and the forms
// that nodes and attributes have between the file and the graph.
#ifndef IO_ONNX_INTERNAL_H
#define IO_ONNX_INTERNAL_H

#include "io/name_map.h"
#include "io/onnx.h"
#include "io/protobuf.h"

// clang-format off
enum { MODEL_IR_VERSION = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_DOMAIN = 4,
       MODEL_VERSION = 5, MODEL_DOC = 6, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14,
       MODEL_TRAINING = 20, MODEL_FUNCTION = 25 };
enum { OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_DOC = 10, GRAPH_INPUT = 11,
       GRAPH_OUTPUT = 12, GRAPH_VALUE_INFO = 13, GRAPH_SPARSE = 15 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5,
       NODE_DOC = 6, NODE_DOMAIN = 7, NODE_OVERLOAD = 8 };
enum { ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_FLOATS = 7,
       ATTR_INTS = 8, ATTR_STRINGS = 9, ATTR_GRAPHS = 11, ATTR_TYPE = 20, ATTR_REF = 21,
       ATTR_SPARSE = 22, ATTR_SPARSES = 23 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_SEGMENT = 3, TENSOR_FLOATS = 4, TENSOR_INT32S = 5,
       TENSOR_STRINGS = 6, TENSOR_INT64S = 7, TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_DOUBLES = 10,
       TENSOR_UINT64S = 11, TENSOR_DOC = 12, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14 };
enum { SPARSE_VALUES = 1, SPARSE_INDICES = 2, SPARSE_DIMS = 3 };
enum { INFO_NAME = 1, INFO_TYPE = 2, INFO_DOC = 3 };
enum { TYPE_TENSOR = 1, TYPE_SEQUENCE = 4, TYPE_MAP = 5, TYPE_DENOTATION = 6, TYPE_SPARSE = 8,
       TYPE_OPTIONAL = 9, TYPE_ELEM = 1, TYPE_SHAPE = 2, SHAPE_DIM = 1, DIM_VALUE = 1,
       DIM_PARAM = 2 };
enum { FUNCTION_NAME = 1, FUNCTION_INPUT = 4, FUNCTION_OUTPUT = 5, FUNCTION_NODE = 7,
       FUNCTION_OPSET = 9, FUNCTION_DOMAIN = 10, FUNCTION_DEFAULT = 11, FUNCTION_OVERLOAD = 13 };

// AttributeProto.AttributeType
enum attribute_type { TYPE_NONE = 0, TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_STRING = 3,
                      TYPE_TENSOR_VALUE = 4, TYPE_GRAPH = 5, TYPE_FLOATS = 6, TYPE_INTS = 7,
                      TYPE_STRINGS = 8, TYPE_GRAPHS = 10, TYPE_SPARSE_TENSOR = 11 };

enum { OPSET_MIN = 1, OPSET_LEAST_WRITTEN = 7, OPSET_WRITTEN = 13, OPSET_MAX = OPSET_NEWEST,
       EXTERNAL_ALIGNMENT = 64 };
// clang-format on

struct attribute {
    struct span bytes; // the whole AttributeProto
    const char *name;
    const char *ref; // of the function's attribute that stands here, NULL: none
    enum attribute_type type;
    float f;
    int64_t i;
    struct span s, t, g;
    struct ints ints;
    struct floats floats;
    struct strings strings;
    bool has_graph; // a subgraph, or several
};

// A node on its way from the file to the graph. "" among the names: left out.
struct source_node {
    const char *name, *op_type, *domain, *overload, *doc;
    int input_count, output_count, attribute_count;
    const char **input, **output;
    struct attribute *attribute;
    int64_t opset; // of ONNX's own domain, where the node stands (a function may have its own)
    int depth;     // of function calls that it came through
    // What is left to do once ranks can be told (onnx_late.c), and the axis that it concerns.
    const struct late_rule *late;
    int64_t late_axis;
};

struct name_list {
    const char **at;
    size_t count, capacity;
};

// One model being read.
struct reader {
    struct context *context;
    const struct onnx_source *source;
    struct graph *graph;
    struct arena *arena;      // scratch, freed when reading ends
    struct name_map names;    // every name taken so far (value names)
    struct name_map counters; // of name_map_unique, for names
    struct name_map node_names, node_counters;
    struct name_map functions;   // "domain:name:overload" -> struct function
    struct name_map types;       // value_info: name -> struct value (tensor and dim names)
    struct name_map inputs_used; // names that some node or output reads
    struct source_node *node;    // flat: functions inlined; on the heap
    size_t node_count, node_capacity;
    size_t call_count, call_bytes; // of functions replaced so far
    enum dtype float_dtype;        // of the model's float weights, for constants made on raising
    struct reader *outer;          // of the graph around this body, NULL: the model's own graph
    int body_depth;
    struct name_list captures; // names of the graph around that this body reads, by first use
};

// What the model and the graph consist of, as pieces of the file.
struct parts {
    struct span graph;
    struct span *opset, *metadata, *function;                               // of the model
    struct span *node, *initializer, *sparse, *input, *output, *value_info; // of the graph
    size_t opset_count, metadata_count, function_count;
    size_t node_count, initializer_count, sparse_count, input_count, output_count, value_info_count;
    int64_t ir_version;
    bool has_ir_version, has_graph;
};

// Texts inside messages, copied to the arena; "" when empty. A NUL inside is the wire's problem.
const char *wire_text(struct wire *wire, const struct wire_field *field, struct arena *arena);

// The same, kept in the graph's arena.
const char *wire_kept_text(struct reader *reader, struct wire *wire,
                           const struct wire_field *field);
// Puts "WHAT 'NAME'" before the present error text; returns status.
enum status fail_named(struct context *context, enum status status, const char *what,
                       const char *name);

// onnx_values.c: types, initializers, inputs and outputs.
// A ValueInfoProto: name, type and doc of a value (nothing else in *out is set).
MUST_CHECK enum status value_info_open(struct reader *reader, struct span bytes, const char *what,
                                       struct value *out);
// Gives the graph's value what its ValueInfoProto says.
void value_describe(struct reader *reader, struct value_id id, const struct value *info);
MUST_CHECK enum status values_add(struct reader *reader, const struct parts *parts);
MUST_CHECK enum status outputs_add(struct reader *reader, const struct parts *parts);

// onnx_nodes.c: all nodes, functions inlined, constants as weights, in today's spelling.
MUST_CHECK enum status nodes_add(struct reader *reader, const struct parts *parts);
// Sorts, and spells out what needs the whole graph; the last step.
MUST_CHECK enum status nodes_finish(struct reader *reader);

// onnx_read.c: the parts of a GraphProto at that depth.
MUST_CHECK enum status graph_walk(struct reader *reader, int depth, struct parts *parts);

// onnx_body.c: bodies of If, Loop, Scan.
// Reads the body among a node's attributes into a graph that the arena of reader->graph owns. Its
// inputs are its own until bodies_join.
MUST_CHECK enum status body_read(struct reader *reader, const struct source_node *node,
                                 const struct attribute *attribute, struct graph **out);
// Gives all bodies of a node (its attributes are `attr`) the same captured inputs; their names.
void bodies_join(struct reader *reader, const struct op *op, const void *attr,
                 struct name_list *out);
// Respells a Scan of opset 8; other nodes stay as they are.
MUST_CHECK enum status scan8_raise(struct reader *reader, struct source_node *node);
// The value of that name, in a body also one from the graphs around, which is captured then.
// Before writing, in a private clone: captured values get their present outer names, others names
// that no graph around has, and what a body gives is made in it.
void bodies_respell(struct graph *graph);
struct value_id reader_find_value(struct reader *reader, const char *name); // NO_VALUE: none
void name_list_add(struct arena *arena, struct name_list *list, const char *name);

// onnx_tensor.c. ERR_FORMAT, ERR_UNSUPPORTED, ERR_SHAPE; name and doc from arena.
struct tensor_proto {
    struct span bytes;
    const char *name, *doc;
    int64_t type;
    struct shape shape;
};
MUST_CHECK enum status tensor_proto_open(struct context *context, struct arena *arena,
                                         struct span bytes, int depth, struct tensor_proto *out);
// source NULL: nothing is shared with a file.
MUST_CHECK enum status tensor_proto_load(struct context *context, struct arena *arena,
                                         const struct onnx_source *source,
                                         const struct tensor_proto *proto, struct tensor *out);
// onnx_sparse.c. A SparseTensorProto as a dense tensor; name from arena.
MUST_CHECK enum status sparse_tensor_load(struct reader *reader, struct span bytes,
                                          const char **name, struct tensor *out);
// A TensorProto as field `number`, up to its data. place NULL: the caller adds the
// tensor_bytes(tensor) bytes of raw_data right behind.
void tensor_proto_put_head(struct text *out, uint32_t number, const char *name, const char *doc,
                           const struct tensor *tensor, const struct onnx_place *place);

// onnx_attribute.c.
MUST_CHECK enum status attribute_open(struct context *context, struct arena *arena,
                                      struct span bytes, int depth, struct attribute *out);
// Fills the operator's own struct (preset first). ERR_UNSUPPORTED for one it does not know.
MUST_CHECK enum status attributes_fill(struct reader *reader, const struct source_node *node,
                                       const struct op *op, void *attr);
const struct attribute *attribute_find(const struct source_node *node, const char *name);
void attribute_remove(struct source_node *node, const char *name);
// The AttributeProto fields of a known node, those at their default left out.
void attributes_put(struct text *out, const struct node *node);
void attribute_put_int(struct text *out, const char *name, int64_t value);
void attribute_put_graph(struct text *out, const char *name, struct text *graph); // takes graph
void attribute_put_float(struct text *out, const char *name, float value);
void attribute_put_ints(struct text *out, const char *name, const int64_t *at, int64_t count);

// onnx_function.c: model-local functions.
MUST_CHECK enum status functions_add(struct reader *reader, struct span function);
// Parses one NodeProto (names as they stand).
MUST_CHECK enum status source_node_open(struct context *context, struct arena *arena,
                                        struct span bytes, struct source_node *out);
// Appends the node to reader->node, or what it stands for if it calls a model-local function.
MUST_CHECK enum status source_node_add(struct reader *reader, const struct source_node *node);
// onnx_ml.c: adds what a node of ai.onnx.ml stands for, if ecai knows it.
MUST_CHECK enum status ml_spell_out(struct reader *reader, const struct source_node *node,
                                    bool *is_done);
bool functions_have(const struct reader *reader, const char *domain, const char *name,
                    const char *overload);

// onnx_subgraph.c: subgraphs of verbatim nodes.
// The names that the subgraphs among a node's attributes take from outside, each once, in order of
// first use. raw: AttributeProto fields (tag NODE_ATTRIBUTE), as in struct node.
MUST_CHECK enum status subgraph_captures(struct context *context, struct arena *arena,
                                         struct span raw, struct name_list *out);
// Calls visit(self, domain, op_type) for every node in the subgraphs, however deep.
MUST_CHECK enum status subgraph_visit(struct context *context, struct arena *arena, struct span raw,
                                      enum status (*visit)(struct context *, void *self,
                                                           const char *domain, const char *op_type),
                                      void *self);
// What stands for an attribute of a node in a subgraph: one that refers to its function's, say.
// *is_there false: nothing.
typedef enum status subgraph_resolve(struct context *context, void *self, struct span *attribute,
                                     bool *is_there);
// The raw attributes with free names replaced as `names` says (name -> const char *), and
// attributes as resolve(self) says. resolve NULL: they stay.
MUST_CHECK enum status subgraph_rename(struct context *context, struct arena *arena,
                                       struct span raw, const struct name_map *names,
                                       subgraph_resolve *resolve, void *self, struct text *out);

// onnx_opset.c: spelling.
// Before opset `since` the operator has attribute `attr`, from then on input `slot`.
struct moved {
    const char *op;
    int64_t since;
    const char *attr;
    int slot;
    enum attribute_type type;
};

extern const struct moved opset_moved[];
extern const size_t opset_moved_count;
bool opset_is_softmax(const char *op_type); // or LogSoftmax, Hardmax
int64_t opset_ir_version(int64_t opset);
// The opset to write a graph in. ERR_UNSUPPORTED: its operators do not agree on one.
MUST_CHECK enum status opset_choose(struct context *context, const struct graph *graph,
                                    int64_t *out);
// ERR_UNSUPPORTED if an operator that is carried verbatim means something else in opset `to`.
MUST_CHECK enum status opset_check_verbatim(struct context *context, const char *op_type,
                                            int64_t from, int64_t to);
// A copy of an operator's attributes (from NULL: the defaults) with one of them set.
const void *node_attr_with_int(struct graph *graph, const struct op *op, const void *from,
                               const char *name, int64_t value);
int64_t node_attr_int(const struct node *node, const char *name); // 0: no such attribute
bool node_has_input(const struct node *node, int slot);

// onnx_raise.c.
// The number or list of an attribute as a tensor of rank 0 or 1; ints become DT_I64.
MUST_CHECK enum status constant_tensor(struct context *context, const struct attribute *attribute,
                                       enum dtype float_dtype, struct tensor *out);
MUST_CHECK enum status opset_raise(struct reader *reader, struct source_node *node);
// Gives the node input `slot`: a weight named after the node and `what`. Takes the tensor.
MUST_CHECK enum status source_input_add(struct reader *reader, struct source_node *node, int slot,
                                        const char *what, struct tensor tensor);

// onnx_legacy.c: other names, defaults and operators, before the rest of opset_raise.
// Whether it names an operator that we know, by its name of today or by an older one.
bool legacy_is_known(const struct source_node *node);
MUST_CHECK enum status legacy_raise(struct reader *reader, struct source_node *node);

// onnx_late.c: what older opsets said by axes that only ranks make clear. late_note finds the rule
// of a node (and takes the attributes that today's operator lacks); late_raise applies the rules to
// a sorted graph. by_output: by the id of a node's first output, NULL: nothing to do.
void late_note(struct source_node *node);
MUST_CHECK enum status late_raise(struct context *context, struct graph *graph,
                                  const struct source_node *const *by_output);

// onnx_lower.c. Chooses the opset to write and brings the graph (a private clone) to its spelling;
// attributes that the operators' tables do not have go to raw_attr.
MUST_CHECK enum status opset_lower(struct context *context, struct graph *graph, int64_t *opset);

// onnx_types.c: dtype and rank of every value as far as the operators can tell, open dims taken
// as 1. out: value_count tensors, data released by types_clear; dtype DT_NONE and rank -1 where
// unknown. Answers whether no dim was open.
bool types_guess(const struct graph *graph, struct tensor *out);
// Its parts: inputs, weights and values that are not known yet (ids from `first` on), one node.
bool types_start(const struct graph *graph, struct tensor *types, uint32_t first);
void types_of_node(const struct graph *graph, const struct node *node, struct tensor *types,
                   struct arena *arena);
void types_clear(const struct graph *graph, struct tensor *types);

#endif
