// SPDX-License-Identifier: Apache-2.0

package rules

// Canary says which requests to a rule of another object, the main one, go to the backends of the canary's rule for
// the same place in its stead. That rule has the same host, the same path and the same type of path. Of all rules of
// the namespace that were written for ingress-nginx and have the main rule's service, the same requests go there. What
// the main rule does with requests besides, its policies for instance, it does with these too. So of a canary's rules
// only the place and the backends count. The header decides, if it can, then the cookie, then the weight.
type Canary struct {
	// Header is the name of a header field, in lower case. Empty for none. With the value "always" a request goes to the
	// canary, and with "never" it goes to the main rule.
	Header string
	// HeaderValue is another value for "always". Then "never" means nothing. Empty for none.
	HeaderValue string
	// HeaderPattern is a regular expression (RE2) in place of a value. Like every expression of a condition it has to
	// match the whole value: see [Within]. It is empty for none, and means nothing beside a HeaderValue.
	HeaderPattern string
	// Cookie is the name of a cookie. With the value "always" a request goes to the canary, and with "never" it goes to
	// the main rule. Empty for none.
	Cookie string
	// Weight of Total requests go to the canary. Weight is from 0 to Total, and Total is at least 1.
	Weight, Total int32
}

// Within returns an expression that matches each whole value which an expression matches a part of.
func Within(expression string) string { return "(?s:.*)(?:" + expression + ")(?s:.*)" }
