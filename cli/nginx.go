// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/nginx"
)

// nginxFlags are those of the controller's that say which Ingresses were written for ingress-nginx.
type nginxFlags struct {
	class, configMap string
	snippets         bool
}

// bind takes the flags. where says when they count.
func (f *nginxFlags) bind(flags *pflag.FlagSet, where string) {
	flags.StringVar(&f.class, "nginx-class", "", where+"the `class` of Ingresses written for ingress-nginx, as for the controller (default none)")
	flags.StringVar(&f.configMap, "nginx-configmap", "", where+"`namespace/name` of ingress-nginx's ConfigMap, as for the controller (default none)")
	flags.BoolVar(&f.snippets, "nginx-snippets", true, where+"as for the controller")
}

// options returns what the flags say. class is the controller's own.
func (f *nginxFlags) options(class string) (options nginx.Options, err error) {
	options = nginx.Options{Class: f.class, NoSnippets: !f.snippets}
	if fault := NginxClassFault(f.class, class); fault != "" {
		return options, misuse{fmt.Errorf("--nginx-class %s", fault)}
	}
	if f.configMap == "" {
		return options, nil
	}
	if f.class == "" {
		return options, misuse{fmt.Errorf("--nginx-configmap is given without --nginx-class: write the class of the Ingresses that it is for, such as nginx")}
	}
	if options.ConfigMap, err = ParseConfigMapName(f.configMap); err != nil {
		return options, misuse{fmt.Errorf("--nginx-configmap: %w", err)}
	}
	return options, nil
}

// NginxClassFault says what is wrong with the class of Ingresses written for ingress-nginx. own is the controller's
// class.
func NginxClassFault(class, own string) string {
	switch {
	case class == "":
		return ""
	case class == own:
		return fmt.Sprintf("is %q, which is the controller's own class: write another one, such as nginx", class)
	case len(validation.IsDNS1123Subdomain(class)) > 0:
		return fmt.Sprintf("is %q: write the name of a class, such as nginx", class)
	}
	return ""
}

// ParseConfigMapName reads the namespace and the name of a ConfigMap.
func ParseConfigMapName(text string) (types.NamespacedName, error) {
	namespace, name, _ := strings.Cut(text, "/")
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return types.NamespacedName{}, fmt.Errorf("%q is no ConfigMap: write its namespace and name, such as ingress-nginx/ingress-nginx-controller", text)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
