// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The verdicts on what is not served as it is written.
const (
	verdictRefused     = "refused"
	verdictClosed      = "closed"
	verdictContested   = "contested"
	verdictNotFound    = "404"
	verdictUnavailable = "503"
	verdictInvalid     = "500"
)

// checked is a thing that was checked: a path of an Ingress, an object as a whole, or a document that is no object.
type checked struct {
	// Object is its kind, namespace and name, or the file and the document in it.
	Object string `json:"object"`
	// Where is the place in the object, empty for the whole of it.
	Where string `json:"where,omitempty"`
	Host  string `json:"host,omitempty"`
	Path  string `json:"path,omitempty"`
	// Verdict is empty if there is nothing to say against it.
	Verdict string `json:"verdict,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// checkReport is all that was checked.
type checkReport struct {
	Checked  int       `json:"checked"`
	Findings []checked `json:"findings"`
	// Notes are what does not fail the check.
	Notes []string `json:"notes,omitempty"`
	all   []checked
}

func (p *program) check() *cobra.Command {
	var f controllerFlags
	var namespace string
	c := &cobra.Command{
		Use: "check DIR...", Short: "Check manifests before they are applied, for a CI",
		Long: `Compiles manifests as the controller does, without a cluster, and asks for each path of each Ingress and route what a request to it would get.

The exit code is 1 if anything is

  refused    a file, a field or a rule that is not accepted
  closed     a path that answers 503 because something about it may say who gets in, and is not understood
  contested  a host or a path that another Ingress among the files has
  404        a path that no request reaches
  503        a path with nothing behind it: no Task, and no Service, of that name
  500        a path of a route whose backend is not there, or may not be referred to

A Service among the files counts as having a Pod that is ready. Secrets that are not among the files are noted, and nothing more: whoever
keeps them elsewhere does well. DIR may be a file too, or - for standard input.`,
		Example: `  warren-ingress check manifests/
  kustomize build . | warren-ingress check - -o junit > report.xml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{fmt.Errorf("write at least one folder or file with manifests")}
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	f.bind(c.Flags(), "")
	c.Flags().StringVarP(&namespace, namespaceFlag, "n", "", "`namespace` of objects that name none, as kubectl apply and helm install have it (default \"default\")")
	output := newOutput(c, formatText, formatJSON, formatYAML, formatJUnit)
	p.colour.bind(c)
	c.RunE = func(_ *cobra.Command, args []string) error {
		report, err := p.checkManifests(args, namespace, &f)
		switch {
		case err != nil:
			return err
		case output.isData():
			err = output.write(p.streams.Out, report)
		case output.format == formatJUnit:
			err = report.writeJUnit(p.streams.Out)
		default:
			err = report.writeText(p.streams.Out, p.colour.on(p.streams.Out))
		}
		if err == nil && len(report.Findings) > 0 {
			return ErrSaid
		}
		return err
	}
	return c
}

// checkManifests reads files, and checks what is in them. namespace is that of objects which name none.
func (p *program) checkManifests(names []string, namespace string, f *controllerFlags) (*checkReport, error) {
	read, err := manifests.Read(names, p.streams.In, manifests.Options{Namespace: namespace, Uses: sources.Uses})
	if err != nil {
		return nil, err
	}
	compiled, err := f.compile(sources.WithPods(read.Objects))
	if err != nil {
		return nil, err
	}
	report := &checkReport{Findings: []checked{}}
	for i := range read.Faults {
		fault := &read.Faults[i]
		report.add(checked{Object: fault.Place(), Verdict: verdictRefused, Reason: "Unreadable", Message: fault.Err.Error()})
	}
	k := &checker{compiled: compiled, report: report, explainer: compiled.proxy.Explainer(), routes: make(map[snapshot.RuleID]*snapshot.Route),
		refused: make(map[snapshot.RuleID]*snapshot.Unserved), faulty: make(map[string]bool)}
	k.run()
	for _, left := range sources.LeftOut(read.Objects, f.class, compiled.nginx) {
		k.leftOut(&left)
	}
	if f.trusted == "" {
		k.hiddenClients(read.Objects)
	}
	if read.Unnamed != nil && read.Named != "" && namespace == "" {
		report.Notes = append(report.Notes, fmt.Sprintf("%s names no namespace and counts as in %s, while others are in %s: write -n %s if it is applied there",
			read.Unnamed.GetName(), metav1.NamespaceDefault, read.Named, read.Named))
	}
	return report, nil
}

// checker checks objects against what was made of them.
type checker struct {
	*compiled
	report    *checkReport
	explainer *explain.Explainer
	// routes and refused are the rules that are served and those that are not.
	routes  map[snapshot.RuleID]*snapshot.Route
	refused map[snapshot.RuleID]*snapshot.Unserved
	// faulty are the objects of the Gateway API that have a rule with a finding.
	faulty map[string]bool
}

func (k *checker) run() {
	k.snapshot.EachHost(func(_ *snapshot.Listener, h *snapshot.Host) {
		for j := range h.Routes {
			k.routes[h.Routes[j].Rule] = &h.Routes[j]
		}
	})
	for i := range k.snapshot.Unserved {
		k.refused[k.snapshot.Unserved[i].Rule] = &k.snapshot.Unserved[i]
	}
	objects := make(map[string]*rules.Object, len(k.in.Objects))
	for _, o := range k.in.Objects {
		objects[o.Kind+" "+o.Namespace+"/"+o.Name] = o
	}
	for i := range k.reports {
		r := &k.reports[i]
		name := r.Kind + " " + r.Namespace + "/" + r.Name
		found := len(k.report.Findings)
		if o := objects[name]; o != nil {
			k.paths(name, o, r)
		}
		if k.isGateway(r) {
			k.faulty[name] = len(k.report.Findings) > found
			continue
		}
		k.whole(name, r, len(k.report.Findings) > found)
	}
	k.gateways()
}

// gateways checks the objects of the Gateway API as wholes.
func (k *checker) gateways() {
	objections := k.objections()
	for name, verdict := range k.named() {
		switch {
		case len(verdict.Conditions)+len(verdict.Parents)+len(verdict.Ancestors) > 0:
		case strings.HasPrefix(name, gatewayapi.BackendTLSPolicyKind+" "):
			k.report.Notes = append(k.report.Notes, name+": no route among the files leads to its Services, so it is not checked: add them")
			continue
		default:
			k.report.Notes = append(k.report.Notes, name+": none of the Gateways that it names is among the files, so it is not checked: add them")
			continue
		}
		if !strings.HasPrefix(name, gatewayapi.GatewayClassKind+" ") && !slices.ContainsFunc(objections, func(o objection) bool { return o.object == name }) {
			k.report.add(checked{Object: name})
		}
	}
	for i := range objections {
		o := &objections[i]
		switch {
		case k.faulty[o.object], o.Reason == string(gatewayv1.GatewayReasonListenersNotValid), o.Reason == string(gatewayv1.GatewayReasonInvalid):
			// What is wrong is said of its parts, or elsewhere of the part.
		case o.Reason == string(gatewayv1.ListenerReasonInvalidCertificateRef):
			k.report.Notes = append(k.report.Notes, fmt.Sprintf("%s: %s: %s, unless cert-manager or something else makes it in the cluster", o.place(), o.Reason, o.Message))
		default:
			c := checked{Object: o.object, Where: o.part, Verdict: verdictRefused, Reason: o.Reason, Message: o.Message}
			if o.Type == string(gatewayv1.RouteConditionResolvedRefs) && o.part != "" {
				c.Verdict = verdictInvalid
			}
			k.report.add(c)
		}
	}
}

// paths checks each path of an object.
func (k *checker) paths(name string, o *rules.Object, r *translate.Report) {
	for h := range o.Hosts {
		host := &o.Hosts[h]
		for i := range host.Rules {
			rule := &host.Rules[i]
			c := checked{Object: name, Where: rule.Where, Host: host.Name, Path: rule.Match.Path}
			if id := o.RuleID(h, i); o.Canary == nil || k.refused[id] != nil {
				k.path(&c, id, host.Listener, rule.Match.Conditions, r)
			} else if refs := conditionOf(r, v1alpha1.ConditionResolvedRefs); refs != nil { // It has no route: others' lead to it.
				c.Verdict, c.Reason, c.Message = verdictUnavailable, refs.Reason, refs.Message
			}
			k.report.add(c)
			if c.Verdict == "" && kinds.WrittenAsExpression(c.Path) && !k.isExpression(o.RuleID(h, i)) {
				k.report.Notes = append(k.report.Notes, fmt.Sprintf("%s: the path looks like a pattern, and is compared as it is: write what all that it is to match begin with", c.name()))
			}
		}
	}
}

// path says what keeps a path from being served.
func (k *checker) path(c *checked, id snapshot.RuleID, at *rules.Listener, conditions *snapshot.Conditions, r *translate.Report) {
	if refused := k.refused[id]; refused != nil {
		c.Verdict, c.Reason, c.Message = verdictRefused, refused.Reason, refused.Why
		switch refused.Reason {
		case v1alpha1.ReasonPathConflict, v1alpha1.ReasonHostOwnedElsewhere:
			c.Verdict = verdictContested
		case v1alpha1.ReasonPathClosed:
			c.Verdict = verdictClosed
		}
		return
	}
	if route := k.routes[id]; route != nil && route.Closed != "" {
		c.Verdict, c.Reason, c.Message = verdictClosed, route.Closed, route.ClosedWhy
		return
	}
	if k.isExpression(id) {
		return // Which paths it matches, and which of them are its own, is not known.
	}
	question, ok := questionFor(at, c.Host, c.Path, conditions)
	if !ok {
		return
	}
	e, err := k.explainer.Explain(question)
	if err != nil {
		return // It is no request that a client could send.
	}
	if e.ByRule() {
		return
	}
	switch e.Answer.Status {
	case 404:
		c.Verdict, c.Reason, c.Message = verdictNotFound, e.Answer.Reason, strings.Join(append([]string{e.Answer.Text}, e.Hints...), "; ")
	case 500:
		c.Verdict, c.Reason, c.Message = verdictInvalid, e.Answer.Reason, e.Answer.Text
	case 503:
		c.Verdict, c.Reason, c.Message = verdictUnavailable, e.Answer.Reason, e.Answer.Text
		if e.Pool != nil && e.Pool.Why != "" {
			c.Message = e.Pool.Service + ": " + e.Pool.Why
		}
		if refs := conditionOf(r, v1alpha1.ConditionResolvedRefs); refs != nil {
			c.Reason = refs.Reason
		}
	}
}

// isExpression returns whether a rule is served by a regular expression.
func (k *checker) isExpression(id snapshot.RuleID) bool {
	route := k.routes[id]
	return route != nil && (route.Match == snapshot.MatchExpression || route.Match == snapshot.MatchOpenExpression)
}

// whole checks an object as a whole. found is set if there is something against one of its paths.
func (k *checker) whole(name string, r *translate.Report, found bool) {
	c := checked{Object: name}
	for i := range r.Conditions {
		condition := &r.Conditions[i]
		if condition.Status != metav1.ConditionFalse {
			continue
		}
		switch verdict := verdictOf(condition.Reason); {
		case condition.Type == v1alpha1.ConditionAccepted && !found, verdict != verdictRefused && !found:
			c.Verdict, c.Reason, c.Message = verdict, condition.Reason, condition.Message
		case condition.Reason == v1alpha1.ReasonSecretNotFound:
			k.report.Notes = append(k.report.Notes, fmt.Sprintf("%s: %s: %s, unless cert-manager or something else makes it in the cluster",
				name, said(r, condition), condition.Message))
		case condition.Type != v1alpha1.ConditionAccepted && condition.Type != v1alpha1.ConditionResolvedRefs:
			k.report.Notes = append(k.report.Notes, fmt.Sprintf("%s: %s: %s", name, said(r, condition), condition.Message))
		}
	}
	if r.Unheeded != "" {
		k.report.Notes = append(k.report.Notes, name+": "+v1alpha1.ReasonAnnotationsIgnored+": "+r.Unheeded)
	}
	k.report.add(c)
}

// verdictOf returns the verdict of a condition's reason.
func verdictOf(reason string) string {
	switch reason {
	case v1alpha1.ReasonHostOwnedElsewhere, v1alpha1.ReasonPathConflict:
		return verdictContested
	case v1alpha1.ReasonPathClosed:
		return verdictClosed
	}
	return verdictRefused
}

// leftOut tells of an Ingress that is none of the controller's. One that names no class is nobody's, unless the cluster
// has a default. One whose class is not the controller's, though its name is, is nobody's either.
func (k *checker) leftOut(left *sources.Bystander) {
	if left.Reason == sources.Canary {
		return // It is refused as a whole.
	}
	if left.Reason == sources.OtherClass {
		k.report.Notes = append(k.report.Notes, left.Text())
		return
	}
	c := checked{Object: kinds.StandardKind + " " + left.Namespace + "/" + left.Name, Verdict: verdictNotFound, Reason: left.Reason, Message: left.Text()}
	if left.Reason == sources.NoClass {
		c.Message += ", or add that IngressClass to the files if it is the default one in the cluster"
	}
	k.report.add(c)
}

// questionFor returns a request that a rule is for. It returns false if that is not known, because a regular expression
// says which.
func questionFor(at *rules.Listener, host, path string, conditions *snapshot.Conditions) (*explain.Question, bool) {
	if host == "" {
		host = "any.example"
	}
	scheme, port := "http", ""
	if at != nil {
		port = fmt.Sprintf(":%d", at.Address.Port())
		if at.TLS {
			scheme = "https"
		}
	}
	q := &explain.Question{URL: scheme + "://" + strings.Replace(host, "*", "any", 1) + port + path, AnyCertificate: true}
	if conditions == nil {
		return q, true
	}
	if len(conditions.Methods) > 0 {
		q.Method = conditions.Methods[0]
	}
	isExpression := func(c snapshot.Condition) bool { return c.Match == snapshot.ValueRegularExpression }
	if slices.ContainsFunc(conditions.Headers, isExpression) || slices.ContainsFunc(conditions.Query, isExpression) {
		return nil, false
	}
	for _, h := range conditions.Headers {
		q.Headers = append(q.Headers, h.Name+": "+h.Value)
	}
	q.URL += queryFor(conditions.Query)
	return q, true
}

// queryFor returns a query that meets conditions.
func queryFor(conditions []snapshot.Condition) string {
	if len(conditions) == 0 {
		return ""
	}
	values := url.Values{}
	for _, c := range conditions {
		values.Set(c.Name, c.Value)
	}
	return "?" + values.Encode()
}

func conditionOf(r *translate.Report, kind string) *metav1.Condition {
	for i := range r.Conditions {
		if r.Conditions[i].Type == kind && r.Conditions[i].Status == metav1.ConditionFalse {
			return &r.Conditions[i]
		}
	}
	return nil
}

func (r *checkReport) add(c checked) {
	r.Checked++
	r.all = append(r.all, c)
	if c.Verdict != "" {
		r.Findings = append(r.Findings, c)
	}
}

// name names what was checked in a line.
func (c *checked) name() string {
	parts := []string{c.Object}
	if c.Where != "" {
		parts = append(parts, c.Where)
	}
	if c.Path != "" {
		parts = append(parts, shownHost(c.Host)+c.Path)
	}
	return strings.Join(parts, " ")
}

func (r *checkReport) writeText(w io.Writer, colours bool) error {
	paint := func(c colour, text string) string {
		if !colours {
			return text
		}
		return c.paint(text)
	}
	var b strings.Builder
	for i := range r.Findings {
		c := &r.Findings[i]
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", c.name(), paint(bad, c.Verdict), c.Reason, c.Message)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	shade := good
	if len(r.Findings) > 0 {
		shade = bad
	}
	fmt.Fprintf(&b, "%s\n", paint(shade, fmt.Sprintf("%d checked, %d not served as written", r.Checked, len(r.Findings))))
	_, err := io.WriteString(w, b.String())
	return err
}
