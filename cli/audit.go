// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/audit"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/sources"
)

// auditFlags are what the command line says.
type auditFlags struct {
	files      []string
	namespace  string
	controller controllerFlags
	output     *outputFlag
}

func (p *program) audit() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use: "audit", Short: "Say what becomes of Ingresses that were written for ingress-nginx",
		Long: `Says of each Ingress that was written for ingress-nginx what becomes of it here: of each annotation, of its paths where ingress-nginx did
something else, and of the whole. It has kubectl read the cluster, and changes nothing; or with -f it reads manifests.

The verdicts are

  same       it does what it did
  differs    it is served, and not quite as it was
  contested  a host or path of it is another one's here
  refused    a path of it is reached by no request
  closes     a path of it answers 503, because something about it may say who gets in, or what a backend sees, and cannot be kept

The exit code is 1 if an Ingress is contested, refused or closes. -o html is a page to pass round.`,
		Example: `  kubectl warren audit --nginx-configmap ingress-nginx/ingress-nginx-controller
  warren-ingress audit -f manifests/ -o html > audit.html`,
		Args: arity(0, 0, "no argument: -f names files"),
	}
	flags := c.Flags()
	flags.StringArrayVarP(&f.files, "filename", "f", nil, "`file` or folder with manifests, or - for standard input, instead of the cluster; may be given several times")
	f.controller.bind(flags, "")
	class := flags.Lookup("nginx-class")
	class.DefValue, f.controller.nginx.class = "nginx", "nginx"
	class.Usage = "the `class` of Ingresses written for ingress-nginx, as for the controller"
	flags.StringVarP(&f.namespace, namespaceFlag, "n", "", "`namespace` of objects that name none (default \"default\")")
	f.output = newOutput(c, formatTable, formatJSON, formatHTML)
	p.colour.bind(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		report, err := p.auditReport(c.Context(), &f)
		switch {
		case err != nil:
			return err
		case f.output.isData():
			err = f.output.write(p.streams.Out, report)
		case f.output.format == formatHTML:
			err = writeAuditPage(p.streams.Out, report)
		default:
			err = writeAudit(p.streams.Out, report, p.colour.on(p.streams.Out))
		}
		if err == nil && report.Fails() {
			return ErrSaid
		}
		return err
	}
	return c
}

// auditReport reads the objects, compiles them as the controller does, and audits them.
func (p *program) auditReport(ctx context.Context, f *auditFlags) (*audit.Report, error) {
	if f.controller.nginx.class == "" {
		return nil, misuse{errors.New("--nginx-class is empty: write the class of the Ingresses, such as nginx")}
	}
	files, in := f.files, p.streams.In
	ofCluster := len(files) == 0
	if ofCluster {
		read, err := p.readCluster(ctx, &f.controller)
		if err != nil {
			return nil, err
		}
		files, in = []string{manifests.Stdin}, bytes.NewReader(read)
	}
	read, err := manifests.Read(files, in, manifests.Options{Namespace: f.namespace, Uses: sources.Uses})
	switch {
	case err != nil:
		return nil, err
	case len(read.Faults) > 0:
		return nil, &read.Faults[0]
	}
	secrets := secretsAmong(read.Objects)
	if ofCluster {
		secrets = func(names []types.NamespacedName) (map[types.NamespacedName]bool, error) {
			return p.secretsThere(ctx, names)
		}
	}
	return f.controller.audit(sources.WithPods(read.Objects), secrets)
}

// findSecrets is [audit.Input.Secrets].
type findSecrets = func(names []types.NamespacedName) (map[types.NamespacedName]bool, error)

// secretsAmong finds Secrets among objects.
func secretsAmong(objects []client.Object) findSecrets {
	return func([]types.NamespacedName) (map[types.NamespacedName]bool, error) {
		there := make(map[types.NamespacedName]bool)
		for _, o := range objects {
			if _, ok := o.(*corev1.Secret); ok {
				there[client.ObjectKeyFromObject(o)] = true
			}
		}
		return there, nil
	}
}

// secretsThere has kubectl say which Secrets a cluster has. In a table the API server sends names and no contents.
func (p *program) secretsThere(ctx context.Context, names []types.NamespacedName) (map[types.NamespacedName]bool, error) {
	there, by := make(map[types.NamespacedName]bool), make(map[string][]string)
	for _, name := range names {
		by[name.Namespace] = append(by[name.Namespace], name.Name)
	}
	for _, namespace := range slices.Sorted(maps.Keys(by)) {
		args := slices.Concat([]string{"get", "secret"}, by[namespace], []string{"--namespace=" + namespace, "--ignore-not-found", "--no-headers"})
		table, err := p.kubectl.output(ctx, args...)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(table)) {
			if fields := strings.Fields(line); len(fields) > 0 {
				there[types.NamespacedName{Namespace: namespace, Name: fields[0]}] = true
			}
		}
	}
	return there, nil
}

// audit says what becomes of the Ingresses among objects.
func (f *controllerFlags) audit(objects []client.Object, secrets findSecrets) (*audit.Report, error) {
	made, err := f.compile(objects)
	if err != nil {
		return nil, err
	}
	ingresses, settings := sources.ForNginx(objects, f.class, made.nginx)
	report := audit.Audit(&audit.Input{Ingresses: ingresses, Settings: settings, Objects: made.in.Objects, Snapshot: made.snapshot, Secrets: secrets})
	if made.nginx.ConfigMap.Name == "" {
		report.Notes = append(report.Notes, "no ConfigMap of ingress-nginx was read, so its own defaults hold: --nginx-configmap names one")
	}
	if len(ingresses) > 0 {
		report.Notes = append(report.Notes, "for every Ingress: backends get the canonical path (/foo//x/../y goes on as /foo/y), and forwarding fields of --trusted-proxies alone; "+
			"docs/ingress-nginx.md#what-differs-on-purpose has the rest")
	}
	if others := len(sources.LeftOut(objects, f.class, made.nginx)); others > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("Ingresses of other classes, which were not looked at: %d", others))
	}
	return report, nil
}

// What is read of a cluster. Of Secrets it is asked alone whether those are there that Ingresses name.
const (
	clusterKinds = "ingresses.networking.k8s.io,ingressclasses.networking.k8s.io,services,namespaces"
	ownKinds     = "ingresses.ingress.warren.dev"
)

// readCluster has kubectl list what Ingresses are served by. It returns the lists as documents.
func (p *program) readCluster(ctx context.Context, f *controllerFlags) ([]byte, error) {
	options, err := f.nginx.options(f.class)
	if err != nil {
		return nil, err
	}
	read, err := p.kubectl.output(ctx, "get", clusterKinds, "--all-namespaces", "--output=json")
	if err != nil {
		return nil, err
	}
	documents := [][]byte{read}
	if own, err := p.kubectl.output(ctx, "get", ownKinds, "--all-namespaces", "--output=json"); err == nil {
		documents = append(documents, own)
	} else {
		p.note("Ingresses of this controller's own kind are not known, so that hosts may be contested which look free: %v", err)
	}
	// Ingresses and ingress-nginx's own ConfigMap name others, which are asked for once these are read.
	named := make(map[types.NamespacedName]struct{})
	for range 2 {
		set, err := manifests.Read([]string{manifests.Stdin}, bytes.NewReader(bytes.Join(documents, separator)), manifests.Options{Uses: sources.Uses})
		if err != nil {
			return nil, err
		}
		ingresses, _ := sources.ForNginx(set.Objects, f.class, options)
		asked, _ := nginx.Named(&options, sources.NginxMaps(set.Objects), ingresses)
		names := make(map[string][]string) // by their namespaces
		for name := range asked {
			if _, read := named[name]; !read {
				named[name] = struct{}{}
				names[name.Namespace] = append(names[name.Namespace], name.Name)
			}
		}
		for _, namespace := range slices.Sorted(maps.Keys(names)) {
			args := slices.Concat([]string{"get", "configmap"}, slices.Sorted(slices.Values(names[namespace])),
				[]string{"--namespace=" + namespace, "--ignore-not-found", "--output=json"})
			some, err := p.kubectl.output(ctx, args...)
			if err != nil {
				return nil, err
			}
			documents = append(documents, some)
		}
	}
	return bytes.Join(documents, separator), nil
}

// separator is between two documents of YAML.
var separator = []byte("\n---\n")

// shadeOf returns the colour of a verdict.
func shadeOf(v audit.Verdict) colour {
	switch v {
	case audit.Same:
		return good
	case audit.Differs:
		return notice
	}
	return bad
}

// writeAudit writes a report as tables.
func writeAudit(w io.Writer, r *audit.Report, colours bool) error {
	var t table
	if len(r.Ingresses) > 0 {
		t.add(texts("INGRESS", "VERDICT", "WHAT", "FATE", "WHY")...)
	}
	for i := range r.Ingresses {
		one := &r.Ingresses[i]
		rows := auditRows(one)
		for n, row := range rows {
			name, verdict := cell{}, cell{}
			if n == 0 {
				name, verdict = cell{text: plainText(one.Namespace + "/" + one.Name)}, cell{string(one.Verdict), shadeOf(one.Verdict)}
			}
			t.add(append([]cell{name, verdict}, row...)...)
		}
	}
	tables := []*table{&t, expressionsTable(r), contestedTable(r)}
	for _, one := range tables {
		if len(one.rows) == 0 {
			continue
		}
		one.add()
		if err := one.flush(w, colours); err != nil {
			return err
		}
	}
	for _, note := range r.Notes {
		if _, err := fmt.Fprintf(w, "note: %s\n", plainText(note)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, r.Summary()+"\n")
	return err
}

// expressionsTable has the hosts of which every path is an expression.
func expressionsTable(r *audit.Report) *table {
	var t table
	for i, e := range r.Expressions {
		if i == 0 {
			t.add(texts("HOST", "EVERY PATH IS AN EXPRESSION, BECAUSE", "SO ARE THOSE OF")...)
		}
		t.add(texts(plainText(ruledHost(e.Host)), shownNames(e.By), shownNames(e.Infected))...)
	}
	return &t
}

// contestedTable has the hosts that several namespaces have.
func contestedTable(r *audit.Report) *table {
	var t table
	for i, h := range r.Contested {
		if i == 0 {
			t.add(texts("HOST", "NAMESPACES", "WHAT BECOMES OF IT")...)
		}
		t.add(texts(plainText(h.Name), shownNames(h.Namespaces), plainText(h.Fate()))...)
	}
	return &t
}

// shownNames lists names in a cell.
func shownNames(names []string) string { return plainText(strings.Join(rules.Bounded(names), ", ")) }

// auditRows are the rows of an Ingress, without its name and verdict.
func auditRows(one *audit.Ingress) (rows [][]cell) {
	for i := range one.Annotations {
		a := &one.Annotations[i]
		rows = append(rows, []cell{{text: plainText(a.Name) + ": " + shownValue(a.Value)}, fateCell(a.Fate, a.Verdict), {text: plainText(a.Text)}})
		for _, d := range a.Directives {
			rows = append(rows, []cell{{text: "  line " + strconv.Itoa(d.Line) + " " + plainText(d.Name)}, {text: d.Fate}, {text: plainText(d.Text)}})
		}
	}
	for i := range one.Findings {
		f := &one.Findings[i]
		paths := make([]string, len(f.Paths))
		for n, path := range f.Paths {
			paths[n] = plainText(path)
		}
		rows = append(rows, []cell{{text: strings.Join(rules.Bounded(paths), ", ")}, fateCell(f.Kind, f.Verdict), {text: plainText(f.Text)}})
	}
	if len(rows) == 0 {
		rows = append(rows, nil)
	}
	return rows
}

// ruledHost names the host that rules have.
func ruledHost(name string) string { return cmp.Or(name, "rules without a host") }

func fateCell(fate string, v audit.Verdict) cell {
	if v == audit.Same {
		return cell{text: fate}
	}
	return cell{fate, shadeOf(v)}
}

// shownLength is how much of a value is shown in a table.
const shownLength = 48

// shownValue returns the value of an annotation in one line.
func shownValue(value string) string {
	value = plainText(strings.TrimSpace(value))
	if len(value) > shownLength {
		value = strings.ToValidUTF8(value[:shownLength], "") + "…"
	}
	return value
}

// plainText returns a text without what moves the cursor of a terminal, or colours it.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

//go:embed audit.html
var auditPage string

// auditTemplate makes the page. html/template writes what authors chose as text, wherever it stands.
var auditTemplate = template.Must(template.New("audit").Funcs(template.FuncMap{"host": ruledHost}).Parse(auditPage))

// writeAuditPage writes a report as a page of HTML that needs nothing else.
func writeAuditPage(w io.Writer, r *audit.Report) error { return auditTemplate.Execute(w, r) }
