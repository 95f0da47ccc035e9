// SPDX-License-Identifier: Apache-2.0

package script

import "strings"

// Variable is what a variable stands for.
type Variable struct {
	Kind VariableKind
	// Name is the name of a field, a cookie or a parameter, as it is compared.
	Name string
	// Literal is the value of a variable that always has the same.
	Literal []byte
}

// VariableKind is where a variable's value comes from.
type VariableKind uint8

// Where values come from.
const (
	// VariableLiteral is for what a text says itself.
	VariableLiteral VariableKind = iota
	// VariableSlot is for what set gives a value, and VariableGroup for the groups of expressions.
	VariableSlot
	VariableGroup

	VariableURI
	VariableArgs
	VariableIsArgs
	VariableRequestURI
	VariableHost
	VariableHTTPHost
	VariableScheme
	VariableHTTPS
	VariableMethod
	VariableRequest
	VariableClient
	VariableUser
	VariableProtocol
	VariablePort
	VariableConnectionUpgrade
	VariableField
	VariableArgument
	VariableCookie

	// Those that follow are the response's.
	VariableStatus
	VariableUpstreamStatus
	VariableSent
	VariableUpstreamField
)

// IsResponse says whether there is a value only once there is a response.
func (k VariableKind) IsResponse() bool { return k >= VariableStatus }

// IsKept says whether nginx looks for the value once, so that what changes the request later does not change it.
func (k VariableKind) IsKept() bool {
	return k == VariableField || k == VariableCookie || k == VariableUser
}

// requestVariables are the variables that need no prefix.
var requestVariables = map[string]Variable{
	"uri":                       {Kind: VariableURI},
	"document_uri":              {Kind: VariableURI},
	"args":                      {Kind: VariableArgs},
	"query_string":              {Kind: VariableArgs},
	"is_args":                   {Kind: VariableIsArgs},
	"request_uri":               {Kind: VariableRequestURI},
	"host":                      {Kind: VariableHost},
	"http_host":                 {Kind: VariableHTTPHost},
	"best_http_host":            {Kind: VariableHTTPHost},
	"scheme":                    {Kind: VariableScheme},
	"pass_access_scheme":        {Kind: VariableScheme},
	"https":                     {Kind: VariableHTTPS},
	"request_method":            {Kind: VariableMethod},
	"request":                   {Kind: VariableRequest},
	"remote_addr":               {Kind: VariableClient},
	"remote_user":               {Kind: VariableUser},
	"the_real_ip":               {Kind: VariableClient},
	"server_protocol":           {Kind: VariableProtocol},
	"server_port":               {Kind: VariablePort},
	"pass_port":                 {Kind: VariablePort},
	"pass_server_port":          {Kind: VariablePort},
	"connection_upgrade":        {Kind: VariableConnectionUpgrade},
	"content_type":              {Kind: VariableField, Name: "content-type"},
	"content_length":            {Kind: VariableField, Name: "content-length"},
	"req_id":                    {Kind: VariableField, Name: "x-request-id"},
	"request_id":                {Kind: VariableField, Name: "x-request-id"},
	"proxy_add_x_forwarded_for": {Kind: VariableField, Name: "x-forwarded-for"},
	"literal_dollar":            {Literal: []byte("$")},
	"status":                    {Kind: VariableStatus},
	"upstream_status":           {Kind: VariableUpstreamStatus},
}

// prefixedVariables are the beginnings of names of variables, and what they stand for.
var prefixedVariables = []struct {
	prefix string
	kind   VariableKind
}{
	{"http_", VariableField},
	{"arg_", VariableArgument},
	{"cookie_", VariableCookie},
	{"sent_http_", VariableSent},
	{"upstream_http_", VariableUpstreamField},
}

// FindVariable returns what a variable stands for that no script has made.
func FindVariable(name string) (Variable, bool) {
	if v, ok := requestVariables[name]; ok {
		return v, true
	}
	for _, p := range prefixedVariables {
		rest, ok := strings.CutPrefix(name, p.prefix)
		if !ok || rest == "" {
			continue
		}
		if rest = strings.ToLower(rest); p.kind != VariableArgument && p.kind != VariableCookie {
			rest = strings.ReplaceAll(rest, "_", "-")
		}
		return Variable{Kind: p.kind, Name: rest}, true
	}
	return Variable{}, false
}

// IsVariable says whether nginx or its ingress controller gives a variable its value, and a [Script] knows it.
func IsVariable(name string) bool {
	_, ok := FindVariable(name)
	return ok
}
