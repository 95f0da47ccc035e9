// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestEveryConditionAndReasonIsDocumented(t *testing.T) {
	var pages strings.Builder
	for _, page := range []string{"ingress.md", "task.md", "tlscertificate.md", "gateway-api.md"} {
		content, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		pages.Write(content)
	}
	constants := stringConstants(t, "conditions.go")
	if len(constants) == 0 {
		t.Fatal("found no constants in conditions.go")
	}
	for name, value := range constants {
		if !strings.Contains(pages.String(), "`"+value+"`") {
			t.Errorf("no page in docs says what `%s` (%s) means", value, name)
		}
	}
}

// stringConstants are the values of a file's string constants by their name.
func stringConstants(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			literal, ok := spec.Values[i].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				continue
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatalf("reading %s: %v", name.Name, err)
			}
			constants[name.Name] = value
		}
		return true
	})
	return constants
}
