package formats

import (
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// MaxSize is the most bytes that a rendered file may have, and any text on the
// way to it.
const MaxSize = 1 << 20

// MaxSteps is how often a template may begin with what is inside a range or a
// template of its own, for one file.
const MaxSteps = 200_000

var errSize = fmt.Errorf("what it renders is over %d bytes", MaxSize)

// endlessError is a template that does not come to an end.
type endlessError struct{ line int }

func (e *endlessError) Error() string {
	return fmt.Sprintf("it goes through this over %d times for one file", MaxSteps)
}

// bounded is a template whose steps are counted. It renders one file at a time.
type bounded struct {
	*template.Template
	steps int
	out   strings.Builder
}

// Write is part of a file.
func (b *bounded) Write(p []byte) (int, error) {
	if b.out.Len()+len(p) > MaxSize {
		return 0, errSize
	}
	return b.out.Write(p)
}

const stepName = "_step"

func (b *bounded) step(line int) (string, error) {
	if b.steps++; b.steps > MaxSteps {
		return "", &endlessError{line}
	}
	return "", nil
}

// parse reads a template, and has it count.
func (b *bounded) parse(text string) error {
	parsed, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{stepName: b.step}).Funcs(functions).Parse(text)
	if err != nil {
		return err
	}
	b.Template = parsed
	for _, t := range parsed.Templates() {
		if t.Tree != nil && t.Root != nil {
			count(t.Tree, t.Root, t.Root)
			each(t.Tree, t.Root)
		}
	}
	return nil
}

// each has the bodies below a list count.
func each(tree *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.RangeNode:
			each(tree, n.List)
			each(tree, n.ElseList)
			count(tree, n, n.List)
		case *parse.IfNode:
			each(tree, n.List)
			each(tree, n.ElseList)
		case *parse.WithNode:
			each(tree, n.List)
			each(tree, n.ElseList)
		}
	}
}

// count lets a list begin with a step, which names the line of a node.
func count(tree *parse.Tree, at parse.Node, list *parse.ListNode) {
	place, _ := tree.ErrorContext(at)
	line, _ := strconv.Atoi(strings.Split(place+"::", ":")[1])
	step := template.Must(template.New("").Funcs(template.FuncMap{stepName: (*bounded)(nil).step}).Parse(fmt.Sprintf("{{%s %d}}", stepName, line)))
	list.Nodes = append(step.Root.Nodes[:1:1], list.Nodes...)
}

// limited gives the error of a text that is too large.
func limited(s string) (string, error) {
	if len(s) > MaxSize {
		return "", errSize
	}
	return s, nil
}
