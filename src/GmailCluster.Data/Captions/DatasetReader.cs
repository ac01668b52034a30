using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>Reads pictures with captions in the layouts that people have; see <see cref="DatasetFormat"/>.</summary>
public static class DatasetReader
{
    /// <summary>Reads a data set whole, its pictures aside: they are read when asked for. Refuses it if any record is bad.</summary>
    /// <param name="spec">Where it is and which columns count.</param>
    /// <param name="baseFolder">Folder that the spec's paths are relative to.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InputException">The data set or a record of it cannot be used; the message says where and why.</exception>
    public static Task<Dataset> Open(DatasetSpec spec, string baseFolder, CancellationToken cancellationToken = default) =>
        Open(spec, baseFolder, BadRecords.Refuse, cancellationToken);

    /// <summary>Reads a data set whole, its pictures aside: they are read when asked for.</summary>
    /// <param name="spec">Where it is and which columns count.</param>
    /// <param name="baseFolder">Folder that the spec's paths are relative to.</param>
    /// <param name="badRecords">What to do with records that cannot be used.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InputException">The data set cannot be used; the message says where and why.</exception>
    public static async Task<Dataset> Open(
        DatasetSpec spec, string baseFolder, BadRecords badRecords, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(baseFolder);
        var path = Path.GetFullPath(Path.Combine(baseFolder, spec.Path));
        var isFolder = Directory.Exists(path);
        if (!isFolder && !File.Exists(path))
        {
            throw new InputException(path, "does not exist.", $"The spec names it as '{spec.Path}': correct the path, or put the data there.");
        }

        try
        {
            var format = spec.Format ?? DatasetFormats.Recognise(path, spec);
            Check(path, isFolder, spec, format);
            var images = spec.Images is { } folder ? Path.GetFullPath(Path.Combine(baseFolder, folder)) : Path.GetDirectoryName(path)!;
            if (!Directory.Exists(images))
            {
                throw new InputException(images, "does not exist.", "It is the spec's folder of pictures: correct its path.");
            }

            var builder = new DatasetBuilder(path, spec, images, format);
            await Read(builder, format, cancellationToken).ConfigureAwait(false);
            return builder.Finish(badRecords);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({e.Message.TrimEnd('.')}).", "Check that the files are there and readable.", e);
        }
    }

    private static Task Read(DatasetBuilder builder, DatasetFormat format, CancellationToken cancellationToken)
    {
        switch (format)
        {
            case DatasetFormat.Webdataset:
                return WebDatasetImport.Read(builder, cancellationToken);
            case DatasetFormat.Folder:
                return FolderImport.Read(builder, cancellationToken);
            case DatasetFormat.Cc3m:
                return Cc3mImport.Read(builder, cancellationToken);
            case DatasetFormat.Coco:
                CocoImport.Read(builder);
                return Task.CompletedTask;
            case DatasetFormat.Karpathy:
                KarpathyImport.Read(builder);
                return Task.CompletedTask;
            case DatasetFormat.Llava:
                LlavaImport.Read(builder);
                return Task.CompletedTask;
            default:
                return TableImport.Read(builder, format, cancellationToken);
        }
    }

    // A setting without effect is an error, too: a split that nothing names would silently give all rows.
    private static void Check(string path, bool isFolder, DatasetSpec spec, DatasetFormat format)
    {
        if (isFolder && format is not (DatasetFormat.Webdataset or DatasetFormat.Folder))
        {
            throw new InputException(path, $"is a folder, not a {DatasetFormats.Name(format)} file.", "Name the file itself.");
        }

        if (!isFolder && format == DatasetFormat.Folder)
        {
            throw new InputException(path, "is a file, not a folder of pictures.", "Name the folder, or another format.");
        }

        if (spec.Split is not null && format is (DatasetFormat.Folder or DatasetFormat.Coco or DatasetFormat.Cc3m or DatasetFormat.Llava))
        {
            throw new InputException(
                path, $"is in the {DatasetFormats.Name(format)} layout, which names no splits, but the spec asks for '{spec.Split}'.",
                "Remove split, or name the file of that split.");
        }

        if (spec.Images is not null && format is (DatasetFormat.Webdataset or DatasetFormat.Folder))
        {
            throw new InputException(
                path, $"is in the {DatasetFormats.Name(format)} layout, which holds its pictures, but the spec names a folder of pictures.",
                "Remove images.");
        }
    }
}
