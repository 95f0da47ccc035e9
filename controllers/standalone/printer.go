// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// printer prints what is new to say of objects.
type printer struct {
	out io.Writer
	// said has the lines that were printed last of each object that there is.
	said map[string][]string
}

// print prints those lines of objects that were not printed of them before, and which objects have gone. Whoever knows
// what was printed knows what holds now.
func (p *printer) print(names []string, lines map[string][]string) {
	var text strings.Builder
	for _, name := range names {
		for _, line := range lines[name] {
			if !slices.Contains(p.said[name], line) {
				fmt.Fprintf(&text, "%s: %s\n", name, line)
			}
		}
	}
	var gone []string
	for name := range p.said {
		if _, ok := lines[name]; !ok {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		fmt.Fprintf(&text, "%s: gone\n", name)
	}
	p.said = lines
	_, _ = io.WriteString(p.out, text.String()) // Nobody reads it if it fails.
}

// linesOf returns what to print of an object: whether it is ready, and each other condition that says what is not as it
// should be. What Ready says already is not said twice. unheeded lists the annotations that have no effect.
func linesOf(conditions []metav1.Condition, unheeded string) (lines []string) {
	var ready *metav1.Condition
	for i := range conditions {
		if conditions[i].Type == v1alpha1.ConditionReady {
			ready = &conditions[i]
			lines = append(lines, lineOf(ready))
		}
	}
	for i := range conditions {
		switch c := &conditions[i]; {
		case c.Type == v1alpha1.ConditionReady, c.Type == v1alpha1.ConditionStalled, c.Type == v1alpha1.ConditionReconciling:
		case c.Status == metav1.ConditionTrue, c.Reason == v1alpha1.ReasonNotRenewed:
		case ready != nil && ready.Reason == c.Reason && ready.Message == c.Message:
		default:
			lines = append(lines, lineOf(c))
		}
	}
	if unheeded != "" {
		lines = append(lines, v1alpha1.ReasonAnnotationsIgnored+": "+unheeded)
	}
	return lines
}

// gatewayLines returns what to print of an object of the Gateway API: of each of its parts whether it is served, and
// each other condition that says what is not as it should be.
func gatewayLines(parts []gatewayapi.Said) (lines []string) {
	for i := range parts {
		part := &parts[i]
		begin := ""
		if part.Part != "" {
			begin = part.Part + ": "
		}
		of := part.Conditions
		// A Gateway and a listener are programmed, and all else is no more than accepted, which comes first.
		served := max(0, slices.IndexFunc(of, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionProgrammed }))
		for n := range of {
			if n == served || gatewayapi.Objects(&of[n]) {
				lines = append(lines, begin+lineOf(&of[n]))
			}
		}
	}
	return lines
}

func lineOf(c *metav1.Condition) string {
	return fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
}
