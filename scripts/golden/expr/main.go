// Command expr evaluates the cases of cases.txt with the Go implementation of the expr language and prints one JSON
// document: what each expression gives, or how it fails. The environment is the one that conditions of metrics see.
//
// Usage: go run . < cases.txt > ../../../test/golden/expr.json
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
)

type vector struct {
	Kind   string          `json:"kind"`
	Result json.RawMessage `json:"result"`
	Text   string          `json:"text"`
	Type   string          `json:"type,omitempty"`
	Value  string          `json:"value,omitempty"`
	Phase  string          `json:"phase,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func main() {
	vectors := []vector{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		fields := strings.SplitN(line, "\t", 3)
		if len(fields) != 3 {
			panic("a case is kind, result and expression, separated by tabs: " + line)
		}
		vectors = append(vectors, judge(fields[0], fields[1], strings.ReplaceAll(fields[2], "\\n", "\n")))
	}
	fmt.Print("[\n")
	for i, v := range vectors {
		line, err := marshal(v)
		if err != nil {
			panic(err)
		}
		comma := ","
		if i == len(vectors)-1 {
			comma = ""
		}
		fmt.Printf("  %s%s\n", line, comma)
	}
	fmt.Print("]\n")
}

func marshal(v vector) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// A result is a JSON document, a vector of numbers (strings for NaN and infinities), one number, or nil.
func decode(kind, text string) any {
	switch kind {
	case "json", "nil":
		var value any
		must(json.Unmarshal([]byte(text), &value))
		return value
	case "scalar":
		return float(text)
	case "vector":
		items := []string{}
		must(json.Unmarshal([]byte(text), &items))
		values := make([]float64, 0, len(items))
		for _, item := range items {
			values = append(values, float(item))
		}
		return values
	}
	panic("unknown kind " + kind)
}

func judge(kind, resultText, text string) (v vector) {
	raw := json.RawMessage(resultText)
	if kind == "scalar" {
		raw, _ = json.Marshal(resultText)
	}
	v = vector{Kind: kind, Result: raw, Text: text}
	result := decode(kind, resultText)
	env := environment(result)
	program, err := expr.Compile(text, expr.Env(env))
	if err != nil {
		v.Phase, v.Error = "compile", message(err)
		return v
	}
	output, err := expr.Run(program, env)
	if err != nil {
		v.Phase, v.Error = "run", message(err)
		return v
	}
	v.Type, v.Value = fmt.Sprintf("%T", output), fmt.Sprintf("%v", output)
	return v
}

func environment(result any) map[string]any {
	return map[string]any{
		"result":  result,
		"asInt":   asInt,
		"asFloat": asFloat,
		"isNaN":   math.IsNaN,
		"isInf":   func(f float64) bool { return math.IsInf(f, 0) },
		"isNil":   func(any) bool { return absent(result) },
		"default": func(_ any, fallback any) any {
			if absent(result) {
				return fallback
			}
			return result
		},
	}
}

func absent(value any) bool {
	if value == nil {
		return true
	}
	switch reflect.TypeOf(value).Kind() {
	case reflect.Map, reflect.Slice:
		return reflect.ValueOf(value).IsNil()
	}
	return false
}

func asInt(in any) int64 {
	switch value := in.(type) {
	case float64:
		return int64(value)
	case int64:
		return value
	case int:
		return int64(value)
	case string:
		parsed, err := strconv.ParseInt(value, 10, 64)
		must(err)
		return parsed
	}
	panic(fmt.Sprintf("asInt() not supported on %v %v", reflect.TypeOf(in), in))
}

func asFloat(in any) float64 {
	switch value := in.(type) {
	case float64:
		return value
	case int64:
		return float64(value)
	case int:
		return float64(value)
	case string:
		parsed, err := strconv.ParseFloat(value, 64)
		must(err)
		return parsed
	}
	panic(fmt.Sprintf("asFloat() not supported on %v %v", reflect.TypeOf(in), in))
}

func message(err error) string {
	var located *file.Error
	if errors.As(err, &located) {
		return located.Message
	}
	return err.Error()
}

func float(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
