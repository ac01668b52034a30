using System.Text.Json.Serialization;
using GmailCluster.Results;
using GmailCluster.Specs;
using Parquet.Serialization;

namespace GmailCluster.Reporting.Export;

/// <summary>metrics.parquet: figures as a table with the columns of <see cref="CsvExport.Header"/>, typed.</summary>
public static class ParquetExport
{
    /// <summary>Writes every figure. The stream must be seekable; it stays the caller's.</summary>
    public static async Task Write(ExperimentResults results, Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(results);
        var rows = results.Metrics.Select(value => new Row
        {
            Arm = SpecWords.Of(value.Arm),
            Seed = value.Seed,
            Task = value.Task,
            Dataset = value.Dataset,
            Metric = value.Metric,
            Value = value.Value,
            ArtifactKey = value.ArtifactKey,
            DataFraction = value.Sweep?.DataFraction,
            ImagesPerCaption = value.Sweep?.ImagesPerCaption,
            Preset = value.Preset is { } preset ? SpecWords.Of(preset) : null,
        });
        await ParquetSerializer.SerializeAsync(rows, stream, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    internal sealed class Row
    {
        [JsonPropertyName("arm"), JsonRequired]
        public string Arm { get; set; } = "";

        [JsonPropertyName("seed")]
        public int Seed { get; set; }

        [JsonPropertyName("task"), JsonRequired]
        public string Task { get; set; } = "";

        [JsonPropertyName("dataset")]
        public string? Dataset { get; set; }

        [JsonPropertyName("metric"), JsonRequired]
        public string Metric { get; set; } = "";

        [JsonPropertyName("value")]
        public double Value { get; set; }

        [JsonPropertyName("artifact_key"), JsonRequired]
        public string ArtifactKey { get; set; } = "";

        [JsonPropertyName("data_fraction")]
        public double? DataFraction { get; set; }

        [JsonPropertyName("images_per_caption")]
        public int? ImagesPerCaption { get; set; }

        [JsonPropertyName("preset")]
        public string? Preset { get; set; }
    }
}
