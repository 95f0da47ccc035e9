// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// describe returns whose the spans are. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
func describe(ctx context.Context, version, instance string) (*resourcepb.Resource, error) {
	own := []attribute.KeyValue{semconv.ServiceName("warren-ingress"), semconv.ServiceVersion(version), semconv.ServiceInstanceID(instance)}
	for variable, key := range map[string]attribute.Key{
		"POD_NAME": semconv.K8SPodNameKey, "POD_UID": semconv.K8SPodUIDKey, "POD_IP": semconv.K8SPodIPKey, "POD_NAMESPACE": semconv.K8SNamespaceNameKey,
	} {
		if value := os.Getenv(variable); value != "" {
			own = append(own, key.String(value))
		}
	}
	described, err := resource.New(ctx, resource.WithAttributes(own...), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES, which wants name=value with commas between them: %w", err)
	}
	r := &resourcepb.Resource{}
	for _, a := range described.Attributes() {
		r.Attributes = append(r.Attributes, text(a.Key, a.Value.String()))
	}
	return r, nil
}
