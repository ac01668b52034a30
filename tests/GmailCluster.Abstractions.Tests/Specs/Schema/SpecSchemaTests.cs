using System.Globalization;
using System.Text.Json.Nodes;
using GmailCluster.Specs.Schema;
using GmailCluster.Specs.Yaml;
using NJsonSchema;

namespace GmailCluster.Tests.Specs.Schema;

/// <summary>An editor that goes by the schema agrees with the reader, as far as a schema can.</summary>
public sealed class SpecSchemaTests
{
    [Theory]
    [InlineData("quick.yaml")]
    [InlineData("full.yaml")]
    [InlineData("scaling.yaml")]
    public async Task The_samples_follow_it(string name)
    {
        var schema = await JsonSchema.FromJsonAsync(SpecSchema.Json(), TestContext.Current.CancellationToken);

        Assert.Empty(schema.Validate(Json(File.ReadAllText(RepositoryRoot.At("samples", "emoji", name)))));
    }

    [Theory]
    [InlineData("world_size: 0", "NumberTooSmall: #/world_size")]
    [InlineData("world_size: four", "IntegerExpected: #/world_size")]
    [InlineData("arms: [gmial]", "ArrayItemNotValid: #/arms[0]")]
    [InlineData("seeds: []", "TooFewItems: #/seeds")]
    [InlineData("sedes: [1]", "NoAdditionalPropertiesAllowed: #/sedes")]
    public async Task What_the_reader_refuses_it_refuses(string line, string error)
    {
        var schema = await JsonSchema.FromJsonAsync(SpecSchema.Json(), TestContext.Current.CancellationToken);

        Assert.StartsWith(error, Assert.Single(schema.Validate(Json($"{SpecText.Valid}\n{line}"))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Required_keys_are_required()
    {
        var schema = await JsonSchema.FromJsonAsync(SpecSchema.Json(), TestContext.Current.CancellationToken);

        var errors = schema.Validate(Json("generate: {}")).Select(error => error.ToString());

        Assert.Equal(["PropertyRequired: #/data", "PropertyRequired: #/models", "PropertyRequired: #/name"], errors.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Defaults_are_those_of_the_records()
    {
        var schema = JsonNode.Parse(SpecSchema.Json())!;

        Assert.Equal(4, (int)schema["properties"]!["world_size"]!["default"]!);
        Assert.Equal("[\"naive\",\"gmail\"]", schema["definitions"]!["SweepSpec"]!["properties"]!["arms"]!["default"]!.ToJsonString());
    }

    private static string Json(string yaml) => Node(YamlComposer.Compose(yaml)!)!.ToJsonString();

    private static JsonNode? Node(YamlValue value) => value switch
    {
        YamlMap map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Node(entry.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(Node)]),
        YamlScalar { IsPlain: true, Text: "true" or "false" } flag => JsonValue.Create(flag.Text == "true"),
        YamlScalar { IsPlain: true } number when long.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        YamlScalar { IsPlain: true } number when double.TryParse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) => JsonValue.Create(real),
        YamlScalar text => JsonValue.Create(text.Text),
        _ => null,
    };
}
