using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Vlm.Generation.Grammars;

namespace Microsoft.ML.Vlm.Chat.Tests;

public sealed class GrammarTests
{
    [Theory]
    [InlineData("""{"type": "boolean"}""", "true|false| true", "null|True|\"true\"|true ")]
    [InlineData("""{"type": ["integer", "null"]}""", "0|-7|2147483647|-2147483648|null", "2147483648|-2147483649|01|-0|1.5|1e3|nul")]
    [InlineData("""{"type": "integer", "minimum": 3, "maximum": 12}""", "3|9|10|12", "2|13|03|-3")]
    [InlineData("""{"type": "integer", "minimum": 5000000000}""", "5000000000|999999999999999999", "4999999999|5")]
    [InlineData("""{"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 3}""", "1|2", "0|3")]
    [InlineData("""{"type": "number"}""", "0|-0|1.25|-12.5|123456789012345", "1234567890123456|.5|1.|1e5|+1|NaN")]
    [InlineData("""{"type": "number", "minimum": 0, "maximum": 1}""", "0|0.5|0.123456789|1", "1.5|-0.5|2|1.0")]
    [InlineData("""{"type": "number", "minimum": -1.5}""", "-1|0|-0.5|7.5", "-2|-1.75")]
    [InlineData("""{"type": "string"}""", "\"\"|\"a b\"|\"ä€😀\"|\"\\n\\u00e4\\\"\"", "a|\"|\"\n\"|\"\\x\"|\"\\ud800\"|\"a\"\"")]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"ab\"|\"äbc\"|\"\\n\\n\"", "\"a\"|\"abcd\"|\"😀😀\"")]
    [InlineData("""{"enum": ["a", 1, null, "ä"]}""", "\"a\"|1|null|\"ä\"", "a|\"b\"|2")]
    [InlineData("""{"const": {"a": [1, 2]}}""", """{"a":[1,2]}""", """{"a":[1,3]}""")]
    [InlineData("""{"type": "array", "items": {"type": "integer"}}""", "[]|[1]|[1, 2,3]", "[,]|[1,]|[1|[\"a\"]")]
    [InlineData("""{"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3}""", "[true,true]|[true,true,false]", "[]|[true]|[true,true,true,true]")]
    [InlineData("""{"type": "string", "format": "date"}""", "\"2026-02-28\"|\"1999-12-31\"", "\"2026-02-30\"|\"2026-13-01\"|\"2026-04-31\"")]
    [InlineData("""{"type": "string", "format": "date-time"}""", "\"2026-02-28T23:59:59Z\"", "\"2026-02-28\"|\"2026-02-28T24:00:00Z\"")]
    [InlineData("""{"type": "string", "format": "uuid"}""", "\"01234567-89ab-cdef-0123-456789abcdef\"", "\"0123\"")]
    [InlineData("""{"type": "string", "format": "email"}""", "\"anything\"", "1")]
    [InlineData("""{"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}]}""", """3|{"a":1}|{"a": 1}""", "{}|[]")]
    [InlineData("""{"type": "object", "additionalProperties": {"type": "integer"}}""", """{}|{"a":1}|{"a": 1, "b":2}""", """{"a":"b"}|{a:1}""")]
    [InlineData("""{"type": "object", "additionalProperties": false}""", "{}", """{"a":1}""")]
    [InlineData("""{"type": "object"}""", """{}|{"a":[{"b":null}]}""", "[]|1")]
    [InlineData("true", """1|[1,"a",{}]|{"a":true}""", "x")]
    [InlineData("""{"type": "integer", "nullable": true, "description": "n", "default": 3, "x-note": 1}""", "1|null", "true")]
    public void Texts_fit_or_not(string schema, string fitting, string others)
    {
        GrammarAutomaton automaton = new(JsonSchemaReader.Read(schema));
        Assert.All(fitting.Split('|'), text => Assert.True(Fits(automaton, text), text));
        Assert.All(others.Split('|'), text => Assert.False(Fits(automaton, text), text));
        Assert.All(fitting.Split('|'), text => JsonDocument.Parse(text).Dispose());
    }

    [Fact]
    public void Properties_come_in_order_and_those_not_required_may_be_absent()
    {
        GrammarAutomaton automaton = new(JsonSchemaReader.Read(
            """{"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}, "c": {"type": "boolean"}}, "required": ["b"], "additionalProperties": false}"""));
        Assert.All(
            (string[])["""{"b":true}""", """{"a":true,"b":true}""", """{"a":true, "b":true, "c":false}""", """{"b":true,"c":false}"""], text => Assert.True(Fits(automaton, text), text));
        Assert.All(
            (string[])["{}", """{"a":true}""", """{"b":true,"a":true}""", """{"b":true,}""", """{,"b":true}""", """{"b":true,"d":1}"""], text => Assert.False(Fits(automaton, text), text));
        Assert.Equal("""{"b":true}""".Length, automaton.Start.LeastBytes);
    }

    [Fact]
    public void A_schema_that_leads_back_to_itself_ends()
    {
        GrammarAutomaton automaton = new(JsonSchemaReader.Read(
            """{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["v", "next"]}}}"""));
        Assert.True(Fits(automaton, """{"v":1,"next":{"v":2,"next":null}}"""));
        string deep = string.Concat(Enumerable.Repeat("""{"v":1,"next":""", 40));
        Assert.False(Fits(automaton, deep + "null" + new string('}', 40)));
        Assert.Contains("no end", Assert.Throws<ArgumentException>(() => JsonSchemaReader.Read("""{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}""")).Message);
        Assert.Contains("circle", Assert.Throws<ArgumentException>(() => JsonSchemaReader.Read("""{"$ref": "#"}""")).Message);
    }

    [Theory]
    [InlineData("""{"type": "string", "pattern": "a+"}""", "'pattern' at #")]
    [InlineData("""{"type": "object", "properties": {"a/b": {"type": "array", "items": {"type": "number", "multipleOf": 2}}}}""", "'multipleOf' at #/properties/a~1b/items")]
    [InlineData("""{"allOf": [{"type": "string"}, {"type": "integer"}]}""", "'allOf' at #")]
    [InlineData("""{"$ref": "https://example.com/a.json"}""", "within the schema")]
    [InlineData("""{"type": "array", "uniqueItems": true}""", "'uniqueItems'")]
    public void What_cannot_be_held_to_is_refused_by_name_and_place(string schema, string message)
        => Assert.Contains(message, Assert.Throws<NotSupportedException>(() => JsonSchemaReader.Read(schema)).Message);

    [Theory]
    [InlineData("{", "no JSON")]
    [InlineData("3", "a Number at #")]
    [InlineData("""{"type": "text"}""", "'text'")]
    [InlineData("""{"type": "integer", "minimum": 3, "maximum": 2}""", "'minimum'")]
    [InlineData("""{"type": "array", "minItems": 3, "maxItems": 2}""", "'minItems'")]
    [InlineData("""{"type": "object", "properties": {"a": true}, "required": ["b"]}""", "'b'")]
    [InlineData("""{"$ref": "#/$defs/a"}""", "does not have")]
    [InlineData("""{"enum": []}""", "'enum'")]
    public void A_damaged_schema_is_refused(string schema, string message)
        => Assert.Contains(message, Assert.Throws<ArgumentException>(() => JsonSchemaReader.Read(schema)).Message);

    [Fact]
    public void Integer_ranges_hold_exactly_their_numbers()
    {
        int[] bounds = [-211, -100, -99, -10, -1, 0, 1, 5, 9, 10, 42, 99, 100, 105, 211];
        foreach (int least in bounds)
        {
            foreach (int most in bounds.Where(bound => bound >= least))
            {
                GrammarAutomaton automaton = new(IntegerRange.Whole(least, most)!);
                for (int value = -250; value <= 250; value++)
                {
                    Assert.Equal(value >= least && value <= most, Fits(automaton, value.ToString(CultureInfo.InvariantCulture)));
                }
            }
        }
    }

    [Fact]
    public void Random_walks_through_random_schemas_give_json_that_fits()
    {
        Random random = new(11);
        for (int round = 0; round < 300; round++)
        {
            string schema = RandomSchemas.Next(random, depth: 3).ToJsonString();
            GrammarAutomaton automaton = new(JsonSchemaReader.Read(schema));
            for (int walk = 0; walk < 5; walk++)
            {
                byte[] text = Walk(automaton, random, random.Next(200));
                // Strict: invalid UTF-8 throws.
                string decoded = new UTF8Encoding(false, true).GetString(text);
                using JsonDocument document = JsonDocument.Parse(decoded);
                using JsonDocument parsed = JsonDocument.Parse(schema);
                RandomSchemas.Check(parsed.RootElement, document.RootElement);
            }
        }
    }

    // Any fitting byte while there is room, then only those that lead to the end.
    private static byte[] Walk(GrammarAutomaton automaton, Random random, int room)
    {
        List<byte> text = [];
        GrammarState state = automaton.Start;
        while (!state.IsFinal && !(state.IsAccepting && random.Next(8) == 0))
        {
            (byte Value, GrammarState State)[] next =
                [.. Enumerable.Range(0, 256).Select(value => ((byte)value, automaton.Advance(state, (byte)value))).Where(step => step.Item2 is not null).Select(step => (step.Item1, step.Item2!))];
            (byte Value, GrammarState State)[] closing = [.. next.Where(step => step.State.LeastBytes < state.LeastBytes || text.Count + step.State.LeastBytes < room)];
            (byte value, state) = (closing.Length > 0 ? closing : next)[random.Next(closing.Length > 0 ? closing.Length : next.Length)];
            text.Add(value);
        }
        return [.. text];
    }

    private static bool Fits(GrammarAutomaton automaton, string text)
    {
        GrammarState? state = automaton.Start;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            state = state is null ? null : automaton.Advance(state, value);
        }
        return state is { IsAccepting: true };
    }
}
