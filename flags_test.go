// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

// parse parses a command line as main does.
func parse(arguments ...string) (*flags, error) {
	return parseFlags(flag.NewFlagSet("warren-ingress", flag.ContinueOnError), arguments)
}

// parseFlags is parse into a set that the test looks into.
func parseFlags(set *flag.FlagSet, arguments []string) (*flags, error) {
	f := bindFlags(set)
	if err := set.Parse(arguments); err != nil {
		return nil, err
	}
	return f, f.validate()
}

func TestWhatIsPublishedIsAListOfAddressesOrAService(t *testing.T) {
	var tooMany []string
	for i := range 17 {
		tooMany = append(tooMany, fmt.Sprintf("203.0.113.%d", i))
	}
	for name, test := range map[string]struct {
		argument           string
		addresses, service string
		refused            string
	}{
		"one address":              {"--publish-address=203.0.113.7", "203.0.113.7", "", ""},
		"two of each family":       {"--publish-address=203.0.113.7,2001:db8::7", "203.0.113.7,2001:db8::7", "", ""},
		"with spaces, and a name":  {"--publish-address=203.0.113.7, lb.example.com", "203.0.113.7, lb.example.com", "", ""},
		"one that is none":         {"--publish-address=203.0.113.7,https://lb", "", "", "write IP addresses or host names, at most 16"},
		"too many":                 {"--publish-address=" + strings.Join(tooMany, ","), "", "", "at most 16"},
		"a Service":                {"--publish-service=warren-system/warren", "", "warren-system/warren", ""},
		"a Service of digits":      {"--publish-service=ns/1lb", "", "ns/1lb", ""},
		"a Service in upper case":  {"--publish-service=ns/LB", "", "", "write a Service's namespace and name"},
		"a Service with a dot":     {"--publish-service=ns/a.b", "", "", "write a Service's namespace and name"},
		"a Service without a name": {"--publish-service=ns", "", "", "write a Service's namespace and name"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := parse(test.argument)
			switch {
			case test.refused != "":
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("the error is %v, want one that says %q", err, test.refused)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			if f.publishAddress != test.addresses || f.publishService != test.service {
				t.Errorf("the addresses are %q and the Service %q, want %q and %q", f.publishAddress, f.publishService, test.addresses, test.service)
			}
		})
	}
}

func TestCertificatesAreOrderedWhereObjectsAreRead(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		refused   string
	}{
		"everywhere":                  {nil, ""},
		"in some namespaces":          {[]string{"--acme-namespaces=shop,blog"}, ""},
		"in some of those":            {[]string{"--watch-namespaces=shop,blog", "--acme-namespaces=blog"}, ""},
		"in one that is not read":     {[]string{"--watch-namespaces=shop", "--acme-namespaces=shop,blog"}, "add them to --watch-namespaces"},
		"in one that cannot be there": {[]string{"--acme-namespaces=My_Own"}, `"My_Own" is no namespace`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.arguments...)
			if test.refused == "" && err != nil || test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)) {
				t.Errorf("the error is %v, want one that says %q", err, test.refused)
			}
		})
	}
}

func TestTheClassOfIngressNginxIsAnotherOne(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		refused   string
	}{
		"none":                        {nil, ""},
		"one":                         {[]string{"--nginx-class=nginx", "--nginx-configmap=ingress-nginx/controller", "--nginx-snippets=false"}, ""},
		"our own":                     {[]string{"--nginx-class=warren"}, "is \"warren\", which is the controller's own class"},
		"no name":                     {[]string{"--nginx-class=My_Own"}, "write the name of a class, such as nginx"},
		"a ConfigMap without a class": {[]string{"--nginx-configmap=ingress-nginx/controller"}, "--nginx-configmap is given without --nginx-class"},
		"no ConfigMap":                {[]string{"--nginx-class=nginx", "--nginx-configmap=controller"}, "is no ConfigMap"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.arguments...)
			if test.refused == "" && err != nil || test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)) {
				t.Errorf("the error is %v, want one that says %q", err, test.refused)
			}
		})
	}
}
