using System.Text.Json;
using GmailCluster.Data.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions;

/// <summary>COCO captions (<c>captions_val2017.json</c>): <c>images</c> with id and file name, <c>annotations</c> with image id and caption.</summary>
internal static class CocoImport
{
    public static void Read(DatasetBuilder builder)
    {
        using var file = JsonFile.Open(builder.Path);
        var images = List(builder, file.Element, "images");
        var annotations = List(builder, file.Element, "annotations");
        var captions = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var image in images)
        {
            if (Id(image) is { } id)
            {
                captions.TryAdd(id, []);
            }
        }

        foreach (var (i, annotation) in annotations.Index())
        {
            builder.Record($"annotations[{i}]", () =>
            {
                var id = JsonFields.Text(annotation, "image_id") ?? throw new BadRecordException("image_id", "is missing.");
                var caption = JsonFields.Text(annotation, builder.Spec.CaptionField);
                if (string.IsNullOrWhiteSpace(caption))
                {
                    throw new BadRecordException(builder.Spec.CaptionField, "is empty.");
                }

                (captions.GetValueOrDefault(id) ?? throw new BadRecordException("image_id", $"{id} is not among the images.")).Add(caption);
            });
        }

        foreach (var (i, image) in images.Index())
        {
            builder.Record($"images[{i}]", () =>
            {
                var id = JsonFields.Text(image, "id") ?? throw new BadRecordException("id", "is missing.");
                if (captions[id].Count == 0)
                {
                    throw new BadRecordException("id", $"{id} has no captions.");
                }

                builder.Add(
                    id, "id", captions[id], null, null, JsonFields.Others(image, "id"),
                    builder.File(JsonFields.Text(image, "file_name"), "file_name"));
            });
        }
    }

    // A malformed id is reported once, with its image.
    private static string? Id(JsonElement image)
    {
        try
        {
            return JsonFields.Text(image, "id");
        }
        catch (BadRecordException)
        {
            return null;
        }
    }

    private static IReadOnlyList<JsonElement> List(DatasetBuilder builder, JsonElement root, string name)
    {
        try
        {
            return JsonFields.List(root, name);
        }
        catch (BadRecordException e)
        {
            throw new InputException(builder.Path, $"is not COCO captions: '{name}' {e.Message}", "Give a file such as captions_val2017.json.");
        }
    }
}
