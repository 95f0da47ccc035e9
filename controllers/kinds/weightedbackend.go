// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readWeighted reads a backend that takes a share of the requests. where is the place in the path, such as
// "backends[1]". The schema has hardly any rules for it, so all is checked here.
func readWeighted(where string, from *v1alpha1.WeightedBackend) (read rules.Backend, fault string) {
	like := v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(from.ServiceName), Port: v1alpha1.Port(from.Port), Protocol: from.Protocol}
	if t := from.TLS; t != nil {
		like.TLS = &v1alpha1.BackendTLS{
			CASecretName: v1alpha1.SecretName(t.CASecretName), CAConfigMapName: v1alpha1.ConfigMapName(t.CAConfigMapName),
			ServerName: v1alpha1.BackendServerName(t.ServerName), ServerNameFromRequest: t.ServerNameFromRequest,
			InsecureSkipVerify: t.InsecureSkipVerify, AllowObsolete: t.AllowObsolete,
		}
	}
	read = readBackend(&like)
	read.Service, read.Port = from.ServiceName, from.Port
	if from.Weight != nil {
		read.Weight = *from.Weight
	}
	fault = portFault(&read)
	switch {
	case fault != "":
	case from.ServiceName == "" || !validReference(from.ServiceName):
		fault = "backend.serviceName " + rules.Quote(from.ServiceName) + " is no name of a service: write one such as api-v1"
	case read.Weight < 0 || read.Weight > rules.MaxWeight:
		fault = "backend.weight is " + strconv.Itoa(int(read.Weight)) + ": write 0 for none, and at most " + strconv.Itoa(rules.MaxWeight)
	default:
		fault = backendTLSFault(&like)
	}
	if fault == "" && from.Headers != nil {
		var headers *policy.Headers
		if headers, fault = readHeaders(headersOf(from.Headers)); fault == "" {
			read.Policies = []policy.Policy{headers}
		}
	}
	if fault != "" {
		return read, where + ": " + fault
	}
	return read, ""
}

// headersOf returns the headers of a weighted backend in the form that those of a path have.
func headersOf(from *v1alpha1.WeightedBackendHeaders) *v1alpha1.Headers {
	headers := &v1alpha1.Headers{Add: from.Add, Set: from.Set, Remove: headerNames(from.Remove)}
	if r := from.Response; r != nil {
		headers.Response = &v1alpha1.ResponseHeaders{Add: r.Add, Set: r.Set, Remove: headerNames(r.Remove)}
	}
	return headers
}

func headerNames(from []string) (names v1alpha1.HeaderNames) {
	for _, name := range from {
		names = append(names, v1alpha1.HeaderName(name))
	}
	return names
}
