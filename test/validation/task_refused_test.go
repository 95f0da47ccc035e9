// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// taskWith is the spec of a Task with more fields, given as YAML in flow style.
func taskWith(fields string) string {
	return "{serviceName: web, address: 192.168.1.10, " + fields + "}"
}

func TestTaskWithWrongFieldIsRefused(t *testing.T) {
	const (
		address = "address must be an IPv4 or IPv6 address such as 192.168.1.10 or 2001:db8::10, without brackets, port or zone; names are not resolved"
		single  = "address must be that of one instance, not the unspecified (0.0.0.0, ::), a multicast or the broadcast address"
	)
	at := func(address string) string { return "{serviceName: web, address: " + address + "}" }
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"nothing", "{}", []cause{{"spec.serviceName", "Required value"}, {"spec.address", "Required value"}}},
		{"a service name in upper case", "{serviceName: Web, address: 10.0.0.1}", []cause{
			{"spec.serviceName", "serviceName must be one DNS label of lower-case letters, digits and hyphens, such as api-v1"}}},

		{"a name for address", at("vm-7.example.com"), []cause{{"spec.address", address}}},
		{"an address with a port", at(`"10.0.0.1:80"`), []cause{{"spec.address", address}}},
		{"an address in brackets", at(`"[2001:db8::1]"`), []cause{{"spec.address", address}}},
		{"an address with a zone", at(`"fe80::1%eth0"`), []cause{{"spec.address", address}}},
		{"an address of three octets", at("10.0.1"), []cause{{"spec.address", address}}},
		{"an address with a leading zero", at("10.0.0.01"), []cause{{"spec.address", address}}},
		{"a CIDR for address", at("10.0.0.0/24"), []cause{{"spec.address", address}}},
		{"the unspecified IPv4 address", at("0.0.0.0"), []cause{{"spec.address", single}}},
		{"the unspecified IPv6 address", at(`"::"`), []cause{{"spec.address", single}}},
		{"an IPv4 multicast address", at("224.0.1.1"), []cause{{"spec.address", single}}},
		{"an IPv6 multicast address", at(`"ff0e::1"`), []cause{{"spec.address", single}}},
		{"the broadcast address", at("255.255.255.255"), []cause{{"spec.address", single}}},

		{"port 0", taskWith("ports: [{port: 0, targetPort: 80}]"), []cause{{"spec.ports[0].port", "a port must be a number from 1 to 65535"}}},
		{"targetPort 70000", taskWith("ports: [{port: 80, targetPort: 70000}]"), []cause{
			{"spec.ports[0].targetPort", "a port must be a number from 1 to 65535"}}},
		{"a port without targetPort", taskWith("ports: [{port: 80}]"), []cause{{"spec.ports[0].targetPort", "Required value"}}},
		{"a port twice", taskWith("ports: [{port: 80, targetPort: 1}, {port: 80, targetPort: 2}]"), []cause{
			{"spec.ports[1]", `Duplicate value: {"port":80}`}}},
		{"a negative weight", taskWith("weight: -1"), []cause{{"spec.weight", "should be greater than or equal to 0"}}},
		{"weight 1001", taskWith("weight: 1001"), []cause{{"spec.weight", "should be less than or equal to 1000"}}},
		{"an unknown state", taskWith("desiredState: Stopped"), []cause{
			{"spec.desiredState", `supported values: "Running", "Draining"`}}},

		{"a health check of unknown type", taskWith("healthCheck: {type: Exec, port: 80}"), []cause{
			{"spec.healthCheck.type", `supported values: "HTTP", "HTTPS", "TCP", "GRPC", "GRPCS"`}}},
		{"a health check without a port", taskWith("healthCheck: {}"), []cause{
			{"spec", "healthCheck needs port, since the Task lists no ports to take it from"}}},
		{"a health check of port 0", taskWith("healthCheck: {port: 0}"), []cause{
			{"spec.healthCheck.port", "a port must be a number from 1 to 65535"}}},
		{"a health check path without a slash", taskWith("healthCheck: {port: 80, path: health}"), []cause{
			{"spec.healthCheck.path", "path must begin with a slash: write /health"}}},
		{"a path of a TCP check", taskWith("healthCheck: {type: TCP, port: 80, path: /health}"), []cause{
			{"spec.healthCheck", "path belongs to type HTTP or HTTPS: leave it out"}}},
		{"statuses of a TCP check", taskWith("healthCheck: {type: TCP, port: 80, expectedStatuses: ['200']}"), []cause{
			{"spec.healthCheck", "expectedStatuses belong to type HTTP or HTTPS: leave them out"}}},
		{"a path of a gRPC check", taskWith("healthCheck: {type: GRPC, port: 80, path: /health}"), []cause{
			{"spec.healthCheck", "path belongs to type HTTP or HTTPS: leave it out; what gRPC's health protocol is asked about is written in service"}}},
		{"statuses of a gRPC check", taskWith("healthCheck: {type: GRPCS, port: 80, expectedStatuses: ['200']}"), []cause{
			{"spec.healthCheck", "expectedStatuses belong to type HTTP or HTTPS: leave them out"}}},
		{"a service of an HTTP check", taskWith("healthCheck: {port: 80, service: shop.v1.Orders}"), []cause{
			{"spec.healthCheck", "service belongs to type GRPC or GRPCS: write one of these, or leave service out"}}},
		{"a service of a TCP check", taskWith("healthCheck: {type: TCP, port: 80, service: shop.v1.Orders}"), []cause{
			{"spec.healthCheck", "service belongs to type GRPC or GRPCS: write one of these, or leave service out"}}},
		{"a service with a space", taskWith("healthCheck: {type: GRPC, port: 80, service: my orders}"), []cause{
			{"spec.healthCheck.service", "service must be a name as gRPC's health protocol has it, such as shop.v1.Orders: printable ASCII without spaces"}}},
		{"a status that is none", taskWith("healthCheck: {port: 80, expectedStatuses: ['200', '700']}"), []cause{
			{"spec.healthCheck.expectedStatuses[1]", "expectedStatuses must be statuses such as \"204\", or ranges such as \"200-299\", from 200 to 599"}}},
		{"a class of statuses", taskWith("healthCheck: {port: 80, expectedStatuses: [2xx]}"), []cause{
			{"spec.healthCheck.expectedStatuses[0]", "expectedStatuses must be statuses such as \"204\", or ranges such as \"200-299\", from 200 to 599"}}},
		{"a range that ends before it begins", taskWith("healthCheck: {port: 80, expectedStatuses: [299-200]}"), []cause{
			{"spec.healthCheck.expectedStatuses[0]", "a range of expectedStatuses must begin with its lower end: write \"200-299\", not \"299-200\""}}},
		{"a health check of a port that is not listed", taskWith("ports: [{port: 80, targetPort: 8080}], healthCheck: {port: 81}"), []cause{
			{"spec", "healthCheck port must be one of ports, which say where it is on the instance: list it there too"}}},
		{"a timeout longer than the interval", taskWith("healthCheck: {port: 80, interval: 1s, timeout: 1500ms}"), []cause{
			{"spec.healthCheck", "healthCheck timeout must not be longer than interval"}}},
		{"a timeout longer than the default interval", taskWith("healthCheck: {port: 80, timeout: 11s}"), []cause{
			{"spec.healthCheck", "healthCheck timeout must not be longer than interval"}}},
		{"an interval below a second", taskWith("healthCheck: {port: 80, interval: 999ms, timeout: 500ms}"), []cause{
			{"spec.healthCheck.interval", "interval must be at least 1s"}}},
		{"a timeout above a minute", taskWith("healthCheck: {port: 80, interval: 24h, timeout: 61s}"), []cause{
			{"spec.healthCheck.timeout", "timeout must be at most 60s"}}},
		{"a negative interval", taskWith("healthCheck: {port: 80, interval: -10s}"), []cause{
			{"spec.healthCheck.interval", "interval must be a duration of zero or more in h, m, s and ms, such as 10s or 1m30s"}}},
		{"an interval of nothing", taskWith("healthCheck: {port: 80, interval: 0s, timeout: 1ms}"), []cause{
			{"spec.healthCheck.interval", "interval must be at least 1s"},
			{"spec.healthCheck", "healthCheck timeout must not be longer than interval"}}},
		{"a negative timeout", taskWith("healthCheck: {port: 80, timeout: -1s}"), []cause{
			{"spec.healthCheck.timeout", "timeout must be a duration of zero or more in h, m, s and ms, such as 500ms or 1s"}}},
		{"a timeout of nothing", taskWith("healthCheck: {port: 80, timeout: 0s}"), []cause{
			{"spec.healthCheck.timeout", "timeout must be above zero"}}},
		{"healthyThreshold 0", taskWith("healthCheck: {port: 80, healthyThreshold: 0}"), []cause{
			{"spec.healthCheck.healthyThreshold", "should be greater than or equal to 1"}}},
		{"unhealthyThreshold 0", taskWith("healthCheck: {port: 80, unhealthyThreshold: 0}"), []cause{
			{"spec.healthCheck.unhealthyThreshold", "should be greater than or equal to 1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefused(t, object(t, v1alpha1.TaskKind, test.spec), test.want)
		})
	}
}
