// SPDX-License-Identifier: Apache-2.0

// Command opa answers envoy.service.auth.v3.Authorization/Check by a policy in Rego, as OPA's plug-in for Envoy does:
// the input has the attributes of the request, parsed_path and parsed_query, and the rule data.envoy.authz.allow is a
// boolean, or an object with allowed, headers, response_headers_to_add, request_headers_to_remove, http_status and
// body.
//
//	opa -listen 127.0.0.1:9191 policy.rego
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	envoytype "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/open-policy-agent/opa/v1/rego"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9191", "`address` to listen on")
	flag.Parse()
	if err := run(*address, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "opa:", err)
		os.Exit(1)
	}
}

func run(address string, policies []string) error {
	query, err := rego.New(rego.Query("data.envoy.authz.allow"), rego.Load(policies, nil)).PrepareForEval(context.Background())
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	auth.RegisterAuthorizationServer(server, &authorization{query: query})
	return server.Serve(listener)
}

// authorization says who gets in by a policy.
type authorization struct {
	auth.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
}

// decision is what the policy says.
type decision struct {
	Allowed bool              `json:"allowed"`
	Headers map[string]string `json:"headers"`
	Added   map[string]string `json:"response_headers_to_add"`
	Removed []string          `json:"request_headers_to_remove"`
	Status  int32             `json:"http_status"`
	Body    string            `json:"body"`
}

// Check implements the service. An error of the policy's lets nobody in: the caller takes it for one of the
// service's.
func (a *authorization) Check(ctx context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	input, err := inputOf(request)
	if err != nil {
		return nil, err
	}
	results, err := a.query.Eval(ctx, rego.EvalInput(input))
	if err != nil {
		return nil, err
	}
	decided, err := read(results)
	if err != nil {
		return nil, err
	}
	if decided.Allowed {
		return &auth.CheckResponse{Status: &status.Status{Code: int32(codes.OK)}, HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{
			Headers: fields(decided.Headers), ResponseHeadersToAdd: fields(decided.Added), HeadersToRemove: decided.Removed}}}, nil
	}
	if decided.Status == 0 {
		decided.Status = int32(envoytype.StatusCode_Forbidden)
	}
	return &auth.CheckResponse{Status: &status.Status{Code: int32(codes.PermissionDenied)}, HttpResponse: &auth.CheckResponse_DeniedResponse{
		DeniedResponse: &auth.DeniedHttpResponse{Status: &envoytype.HttpStatus{Code: envoytype.StatusCode(decided.Status)}, Headers: fields(decided.Headers), Body: decided.Body}}}, nil
}

// inputOf returns what the policy sees of a request.
func inputOf(request *auth.CheckRequest) (map[string]any, error) {
	text, err := protojson.Marshal(request)
	if err != nil {
		return nil, err
	}
	var input map[string]any
	if err := json.Unmarshal(text, &input); err != nil {
		return nil, err
	}
	target, err := url.ParseRequestURI(request.GetAttributes().GetRequest().GetHttp().GetPath())
	if err != nil {
		return nil, err
	}
	input["parsed_path"] = strings.Split(strings.TrimPrefix(target.Path, "/"), "/")
	input["parsed_query"] = target.Query()
	return input, nil
}

// read reads what the policy says. It says nothing where no rule of it holds.
func read(results rego.ResultSet) (decided decision, err error) {
	if len(results) == 0 || len(results[0].Expressions) == 0 {
		return decided, nil
	}
	value := results[0].Expressions[0].Value
	if allowed, ok := value.(bool); ok {
		return decision{Allowed: allowed}, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return decided, err
	}
	return decided, json.Unmarshal(text, &decided)
}

func fields(values map[string]string) (list []*core.HeaderValueOption) {
	for name, value := range values {
		list = append(list, &core.HeaderValueOption{Header: &core.HeaderValue{Key: name, Value: value}})
	}
	return list
}
