package cli

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is the value of a flag that takes one of a few words. It is empty
// until it is set.
type Choice struct {
	Of    []string // the words
	value *string
}

// NewChoice is a flag for one of a few words, which it stores in value.
func NewChoice(value *string, of ...string) *Choice { return &Choice{of, value} }

// String is the word that is set, "" for none.
func (c *Choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// Type names the words: "text|json".
func (c *Choice) Type() string { return strings.Join(c.Of, "|") }

// Set takes one of the words.
func (c *Choice) Set(s string) error {
	if !slices.Contains(c.Of, s) {
		return fmt.Errorf("%q is not one of: %s", s, strings.Join(c.Of, ", "))
	}
	*c.value = s
	return nil
}

// Choices is the value of a flag that takes several of a few words, with commas
// between them.
type Choices struct {
	Of     []string // the words
	Chosen []string
}

// String is the words that are set, with commas.
func (c *Choices) String() string { return strings.Join(c.Chosen, ",") }

// Type is the name of what the flag takes.
func (c *Choices) Type() string { return "words" }

// Set adds words to those that are chosen.
func (c *Choices) Set(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if !slices.Contains(c.Of, word) {
			return fmt.Errorf("%q is not one of: %s", word, strings.Join(c.Of, ", "))
		}
		c.Chosen = append(c.Chosen, word)
	}
	return nil
}
