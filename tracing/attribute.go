// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"go.opentelemetry.io/otel/attribute"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// An attribute is three messages of the protocol, and a span has twenty attributes. So each is made in one allocation.

func text(key attribute.Key, value string) *commonpb.KeyValue {
	var whole struct {
		pair  commonpb.KeyValue
		value commonpb.AnyValue
		text  commonpb.AnyValue_StringValue
	}
	whole.text.StringValue = value
	whole.value.Value = &whole.text
	whole.pair.Key, whole.pair.Value = string(key), &whole.value
	return &whole.pair
}

func number(key attribute.Key, value int) *commonpb.KeyValue {
	var whole struct {
		pair   commonpb.KeyValue
		value  commonpb.AnyValue
		number commonpb.AnyValue_IntValue
	}
	whole.number.IntValue = int64(value)
	whole.value.Value = &whole.number
	whole.pair.Key, whole.pair.Value = string(key), &whole.value
	return &whole.pair
}
