// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// service is the name under which Tasks and Ingress backends meet.
type service struct {
	namespace, name string
}

// route is one path of a sample Ingress.
type route struct {
	host, path string
	service    service
	port       int64
}

// routesOf returns the paths of the Ingresses that the controller serves, in the order they are written.
func routesOf(objects []*unstructured.Unstructured) []route {
	var routes []route
	for _, object := range objects {
		if object.GetKind() != "Ingress" || !ourClass(object) {
			continue
		}
		if !isKind(object, "Ingress") {
			routes = append(routes, standardRoutesOf(object)...)
			continue
		}
		rules, _, _ := unstructured.NestedSlice(object.Object, "spec", "rules")
		for _, rule := range rules {
			rule, _ := rule.(map[string]any)
			host, _, _ := unstructured.NestedString(rule, "host")
			paths, _, _ := unstructured.NestedSlice(rule, "paths")
			for _, path := range paths {
				path, _ := path.(map[string]any)
				name, _, _ := unstructured.NestedString(path, "backend", "serviceName")
				port, _ := number(path, "backend", "port")
				at, _, _ := unstructured.NestedString(path, "path")
				routes = append(routes, route{
					host:    host,
					path:    at,
					service: service{namespace: object.GetNamespace(), name: name},
					port:    port,
				})
			}
		}
	}
	return routes
}

// standardRoutesOf returns the paths of an Ingress of networking.k8s.io. A port that has only a name is 0.
func standardRoutesOf(object *unstructured.Unstructured) (routes []route) {
	rules, _, _ := unstructured.NestedSlice(object.Object, "spec", "rules")
	for _, rule := range rules {
		rule, _ := rule.(map[string]any)
		host, _, _ := unstructured.NestedString(rule, "host")
		paths, _, _ := unstructured.NestedSlice(rule, "http", "paths")
		for _, path := range paths {
			path, _ := path.(map[string]any)
			at, _, _ := unstructured.NestedString(path, "path")
			name, _, _ := unstructured.NestedString(path, "backend", "service", "name")
			port, _ := number(path, "backend", "service", "port", "number")
			routes = append(routes, route{host: host, path: at, service: service{namespace: object.GetNamespace(), name: name}, port: port})
		}
	}
	return routes
}

func ourClass(ingress *unstructured.Unstructured) bool {
	class, _, _ := unstructured.NestedString(ingress.Object, "spec", "ingressClassName")
	return class == "" || class == "warren"
}

// exampleHost is a host that the route serves.
func (r route) exampleHost() string {
	if r.host == "" {
		return "any.example"
	}
	if rest, ok := strings.CutPrefix(r.host, "*."); ok {
		return "demo." + rest
	}
	return r.host
}

// number reads an integer, which YAML decodes to a float.
func number(object map[string]any, fields ...string) (int64, bool) {
	value, found, _ := unstructured.NestedFieldNoCopy(object, fields...)
	if !found {
		return 0, false
	}
	switch value := value.(type) {
	case int64:
		return value, true
	case float64:
		return int64(value), true
	}
	return 0, false
}
