// ONNX models of one node, put together field by field.
#include "tests/support/hand.h"

#include <check.h>

#include "io/onnx.h"
#include "io/protobuf.h"
#include "ir/graph.h"

void hand_begin(struct hand *hand, const char *op, const char *input, const char *output)
{
    text_init(&hand->graph);
    text_init(&hand->node);
    hand->opset = 13;
    wire_put_text(&hand->node, 1, input);
    wire_put_text(&hand->node, 2, output);
    wire_put_text(&hand->node, 4, op);
}

void hand_end_node(struct hand *hand)
{
    wire_put_message(&hand->graph, 1, &hand->node);
    text_init(&hand->node);
}

void hand_info(struct hand *hand, uint32_t number, const char *name)
{
    struct text info, type, tensor;

    text_init(&info);
    text_init(&type);
    text_init(&tensor);
    wire_put_int(&tensor, 1, 1);
    wire_put_message(&type, 1, &tensor);
    wire_put_text(&info, 1, name);
    wire_put_message(&info, 2, &type);
    wire_put_message(&hand->graph, number, &info);
}

void hand_weight(struct hand *hand, const char *name, int64_t a, int64_t b, size_t bytes)
{
    static const char zeros[64];
    struct text tensor;

    text_init(&tensor);
    wire_put_int(&tensor, 1, a);
    wire_put_int(&tensor, 1, b);
    wire_put_int(&tensor, 2, 1);
    wire_put_text(&tensor, 8, name);
    wire_put_bytes(&tensor, 9, zeros, bytes);
    wire_put_message(&hand->graph, 5, &tensor);
}

enum status hand_read(struct context *context, struct hand *hand)
{
    struct text opset;
    struct graph *graph = NULL;
    struct onnx_source source;
    enum status status;

    text_init(&hand->bytes);
    text_init(&opset);
    wire_put_int(&opset, 2, hand->opset);
    wire_put_int(&hand->bytes, 1, 7);
    wire_put_message(&hand->bytes, 8, &opset);
    wire_put_message(&hand->bytes, 7, &hand->graph);
    source = (struct onnx_source){
        {(const unsigned char *)hand->bytes.at, hand->bytes.length}, NULL, NULL, NULL};
    status = onnx_read(context, &source, &graph);
    if (status == OK)
        graph_free(graph);
    else
        ck_assert_ptr_null(graph);
    text_clear(&hand->node);
    text_clear(&hand->bytes);
    return status;
}

void hand_attribute(struct hand *hand, const char *name, int64_t value)
{
    struct text attribute;

    text_init(&attribute);
    wire_put_text(&attribute, 1, name);
    wire_put_int(&attribute, 3, value);
    wire_put_int(&attribute, 20, 2);
    wire_put_message(&hand->node, 5, &attribute);
}
