// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
)

// CanaryAnnotation marks an Ingress that shares the paths of another one. Here it would contest them.
const CanaryAnnotation = "nginx.ingress.kubernetes.io/canary"

// ignoreAnnotation lists annotations of other controllers that an Ingress is served without, although they say who gets
// in.
const ignoreAnnotation = annotationPrefix + "ignore-annotations"

// foreignOf returns the controller that an annotation belongs to, and the annotation's name without the prefix in lower
// case. It returns nil if the annotation belongs to no other controller.
func foreignOf(name string) (c *foreignController, short string) {
	if name == classAnnotation || strings.HasPrefix(name, annotationPrefix) {
		return nil, ""
	}
	folded := strings.ToLower(name)
	for i := range foreignControllers {
		for _, prefix := range foreignControllers[i].prefixes {
			if short, ok := cutForeign(folded, prefix); ok {
				return &foreignControllers[i], short
			}
		}
	}
	return nil, ""
}

// cutForeign takes a prefix off a name. A prefix with stars is compared with what stands before the slash.
func cutForeign(name, prefix string) (short string, ok bool) {
	if !strings.Contains(prefix, "*") {
		return strings.CutPrefix(name, prefix)
	}
	domain, short, ok := strings.Cut(name, "/")
	if !ok {
		return "", false
	}
	prefix = strings.TrimSuffix(prefix, "/")
	inner := strings.Trim(prefix, "*")
	switch {
	case !strings.HasSuffix(prefix, "*"):
		return short, strings.HasSuffix(domain, inner)
	case !strings.HasPrefix(prefix, "*"):
		return short, strings.HasPrefix(domain, inner)
	}
	return short, strings.Contains(domain, inner)
}

// judge returns what is known of an annotation of this controller: the first name in the table that matches. For a name
// that is not in the table, closes depends on what the name sounds like.
func (c *foreignController) judge(short string) (found foreignName, closes bool) {
	for _, list := range [][]foreignName{c.names, foreignOpen} {
		for _, n := range list {
			if n.matches(short) {
				return n, !n.opens
			}
		}
	}
	return foreignName{}, c.all || foreignKind.MatchString(short)
}

func (n *foreignName) matches(short string) bool {
	beginning, open := strings.CutSuffix(n.pattern, "*")
	if at := strings.IndexByte(beginning, '*'); at >= 0 {
		return strings.HasPrefix(short, beginning[:at]) && strings.Contains(short[at:], beginning[at+1:])
	}
	return short == beginning || open && strings.HasPrefix(short, beginning)
}

// does returns whether an annotation has an effect with this value.
func (n *foreignName) does(value string) bool {
	value = strings.TrimSpace(value)
	return value != "" && (n.off == nil || !n.off(value))
}

// readsExpressions returns whether an annotation makes another controller read the paths as regular expressions.
func readsExpressions(short, value string) bool {
	switch short {
	case "use-regex", "use-regex-path-match":
		return !isOff(strings.TrimSpace(value))
	case "rewrite-target", "path-regex", "rewrite-target-regex":
		return strings.TrimSpace(value) != ""
	case "path-type", "router.pathmatcher", "skipper-ingress-path-mode":
		return strings.Contains(strings.ToLower(value), "reg")
	}
	return false
}

// relevantForeign returns how much of the value of another controller's annotation makes a difference. For most, only
// that the annotation is there.
func relevantForeign(name, value string) (relevant string, ok bool) {
	c, short := foreignOf(name)
	if c == nil {
		return "", false
	}
	_, closes := c.judge(short)
	switch {
	case name == CanaryAnnotation, readsExpressions(short, "regex"):
	case !closes:
		return "", true
	}
	return value[:min(len(value), annotationLimit)], true
}

// readIgnored reads the list of annotations that an Ingress is served without.
func readIgnored(value string) (names []string, fault string) {
	names = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	if len(names) == 0 {
		return nil, "it is empty: list names such as nginx.ingress.kubernetes.io/limit-rps, or take the annotation off"
	}
	for _, name := range names {
		if c, _ := foreignOf(name); c == nil || strings.Contains(name, "*") {
			return nil, rules.Quote(name) + " is no annotation of another controller: write each in full, " +
				"such as nginx.ingress.kubernetes.io/limit-rps"
		}
	}
	return names, ""
}

// IsCanary returns whether these are the annotations of a canary.
func IsCanary(annotations map[string]string) bool {
	canary, err := strconv.ParseBool(annotations[CanaryAnnotation])
	return err == nil && canary
}

// readForeign looks for annotations that told another controller who gets in, and that this controller does not act on.
func (a *asked) readForeign(annotations map[string]string) {
	if IsCanary(annotations) {
		a.ignored, a.closed = true, rules.ForeignAnnotation
		a.fault = "annotation " + CanaryAnnotation + ": there are no canaries here, and this Ingress would contest the paths of another: " +
			"it is left out; delete it, or give it paths of its own and take the annotation off"
		return
	}
	closing := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		c, short := foreignOf(name)
		if c == nil {
			continue
		}
		value := annotations[name]
		a.regex = a.regex || readsExpressions(short, value)
		known, closes := c.judge(short)
		switch {
		case slices.Contains(a.ignore, name):
		case !closes:
			a.unheeded = append(a.unheeded, name)
		case !known.does(value):
		case known.instead != "" && annotations[known.instead] != "": // If ours is mistaken, that is a fault of its own.
		default:
			closing[known.instead] = append(closing[known.instead], name)
			a.closesHosts = a.closesHosts || known.hosts
		}
	}
	if len(closing) > 0 && a.fault == "" {
		a.closed = rules.ForeignAnnotation
	}
	for _, instead := range insteads {
		if len(closing[instead]) == 0 {
			continue
		}
		if a.fault != "" {
			a.fault += "; "
		}
		a.fault += foreignFault(closing[instead], instead)
	}
}

// closingLength is how long a list of annotations that close an Ingress may be in bytes: all of them, unless somebody
// means to fill the memory of whoever asks what is closed.
const closingLength = 4 << 10

// foreignFault returns what to do about annotations of other controllers. instead is our annotation that does the same,
// or empty.
func foreignFault(names []string, instead string) string {
	what, is, it, its := "annotation ", "is", "it", "its"
	if len(names) > 1 {
		what, is, it, its = "annotations ", "are", "them", "their"
	}
	text := what + listNames(names, closingLength) + " may say who gets in, and "
	if instead != "" {
		return text + is + " not acted on here: write " + instead + " beside " + it + " or in " + its + " place"
	}
	return text + "there is nothing like it here: to serve the Ingress without " + it + ", take " + it + " off, or list " + it +
		" in " + ignoreAnnotation
}

// unheededLength is how long a list of annotations may be in bytes, so that it fits into an event.
const unheededLength = 800

// unheeded returns a text that lists the annotations without effect, empty if there are none.
func unheeded(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "annotations of other controllers that nothing is done about here: " + listNames(names, unheededLength)
}

// listNames lists names in at most so many bytes, and says how many it leaves out.
func listNames(names []string, most int) string {
	var text string
	for i, name := range names {
		if name = rules.Clip(name); i > 0 {
			if len(text)+len(name) > most {
				return text + ", and " + strconv.Itoa(len(names)-i) + " more"
			}
			text += ", "
		}
		text += name
	}
	return text
}
